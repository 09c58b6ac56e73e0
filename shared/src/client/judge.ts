// Judges and makes records of one workspace, from the verified logs: gives the replica its port to records. Made anew
// after each change of the logs or keys; the parts that are dear to make are kept in the keys.

import type { DeviceKeys } from '../crypto/deviceKeys.ts';
import type { Suite } from '../crypto/suite.ts';
import type { FeedHash, WorkspaceId } from '../encoding/ids.ts';
import type { ParsedRecord } from '../record/header.ts';
import type { RecordPort } from '../replica/ports.ts';
import { createRecordPort, type Membership, type PayloadPolicy } from '../replica/recordPort.ts';
import { judgeRecord, mayMoveLabel, mayShareProviderKey } from '../team/authority.ts';
import { stateBeforeSeq } from '../team/history.ts';
import type { TeamState } from '../team/teamState.ts';
import { invariant } from '../util/invariant.ts';
import { fail, succeed } from '../util/result.ts';
import { effectOf } from './alarms.ts';
import type { WorkspaceKeys } from './keys.ts';
import { accountAt, accountOf, alarmsOf, teamOf, workspaceOf, type ClientState } from './state.ts';

export interface JudgeParts {
  readonly state: ClientState;
  readonly workspace: WorkspaceId;
  readonly device: DeviceKeys;
  readonly keys: WorkspaceKeys;
  /** Of the feed as it was taken, and as it is being taken. */
  readonly hashAt: (seq: number) => FeedHash | null;
}

type Signer = ReturnType<Membership['signerOf']>;

export function recordsOf(suite: Suite, parts: JudgeParts): RecordPort {
  const { state, workspace, device, keys } = parts;
  const team = teamOf(workspaceOf(state, workspace));
  invariant(team !== null, 'the team log of a workspace with keys is here');
  const epochs = [...keys.epochs.keys()].filter((epoch) => epoch <= team.epoch);
  return createRecordPort(suite, {
    workspace,
    author: state.account,
    device: device.id,
    sign: device.sign,
    groupKeys: keys.groupKeys,
    streamKey: keys.streamKey,
    present: () => ({ epoch: Math.max(...epochs), teamLog: team.head }),
    signerOf: (record, seq) => (seq === null ? ownSigner(state, record) : placedSigner(parts, record, seq)),
    payloadPolicy: payloadPolicyOf(parts, team),
  });
}

function placedSigner(parts: JudgeParts, record: ParsedRecord, seq: number): Signer {
  const { team } = workspaceOf(parts.state, parts.workspace);
  const tools = { accountAt: accountAt(parts.state.accounts), feedHashAt: parts.hashAt };
  const judged = judgeRecord(tools, team, record.header, seq);
  if (judged.ok) return succeed(judged.value.signPublic);
  if (isKeptAsOwn(parts, record)) return succeed(parts.device.signPublic);
  const { code, message } = judged.problem;
  return fail(code === 'unknownFeed' || code === 'unknownLogHead' ? 'otherView' : 'notAllowed', message);
}

/**
 * An alarm that stays ends what this device has in common with others: nothing is sent or taken any more. What it wrote
 * itself stays readable on it and can be exported, whatever an entry says that was held back (a removal, for example).
 */
function isKeptAsOwn({ state, workspace, device }: JudgeParts, { header }: ParsedRecord): boolean {
  const isOwn = header.author === state.account && header.device === device.id;
  return isOwn && alarmsOf(state, workspace).some((alarm) => effectOf(alarm) === 'forever');
}

/** Not in the feed yet: only what a device of this account wrote. It is judged again at the place that it gets. */
function ownSigner(state: ClientState, record: ParsedRecord): Signer {
  const { author, device } = record.header;
  const own = author === state.account ? accountOf(state, author)?.devices.get(device) : undefined;
  return own === undefined || own.isKit
    ? fail('notAllowed', 'Not written by this account.')
    : succeed(own.signPublic);
}

function payloadPolicyOf({ state, workspace }: JudgeParts, now: TeamState): PayloadPolicy {
  const { team } = workspaceOf(state, workspace);
  const at = (seq: number | null): TeamState | null => (seq === null ? now : stateBeforeSeq(team, seq));
  return {
    protectsLabels: (seq) => (at(seq)?.policy.protectedLabels.length ?? 0) > 0,
    mayMoveLabel(account, tag, seq) {
      const then = at(seq);
      return then !== null && mayMoveLabel(then, account, tag);
    },
    mayShareKey(account, seq) {
      const then = at(seq);
      return then !== null && mayShareProviderKey(then, account);
    },
  };
}
