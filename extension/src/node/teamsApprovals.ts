// Approving a new device from another one: the two machines of shared/src/team/approval.ts, with the server as carrier.
// An approval lives in one window's memory, for five minutes; the other side finds its messages by asking.

import type { AccountId } from '@cuebook/shared/encoding/ids';
import { compareWithPin } from '@cuebook/shared/team/pins';
import { admit, introduce, takeOver } from '@cuebook/shared/team/admission';
import {
  answerNewDevice,
  APPROVAL_MS,
  type ApprovalFailure,
  type NewDeviceState,
  type OldDeviceState,
  receiveAnswer,
  receiveConfirmation,
  receiveReveal,
  startAsNewDevice,
  typeCode,
} from '@cuebook/shared/team/approval';
import { teamOf } from '@cuebook/shared/client/state';
import type { ApprovalAnswer as Carried } from '@cuebook/shared/protocol/account';
import { latest } from '@cuebook/shared/team/history';
import { openUserKeys } from '@cuebook/shared/team/userKeys';
import { t } from '@vscode/l10n';
import type { Approval, ServerAddress, TeamsCalls } from '../library/teams.ts';
import type { ServerCalls } from './serverCalls.ts';
import { admitToLibrary } from './libraryAdmission.ts';
import { bindDevice, readWholeLog, sealedUserKey, stateOf, takeAccountOver } from './teamsAccounts.ts';
import { accountId, type TeamsContext } from './teamsContext.ts';
import { done, failTeams } from './teamsProblem.ts';

export interface Approvals {
  readonly calls: Pick<
    TeamsCalls,
    'askForApproval' | 'confirmApproval' | 'startApproval' | 'typeApprovalCode' | 'endApproval'
  >;
  of(account: AccountId): Approval | null;
  close(): void;
}

type Step = NonNullable<Carried>['messages'][number]['step'];

interface Running {
  readonly id: string;
  readonly startedAt: number;
  side:
    | { readonly kind: 'old'; state: OldDeviceState | null }
    | { readonly kind: 'new'; state: NewDeviceState };
  introduction: Uint8Array | null;
  isDone: boolean;
  timer: NodeJS.Timeout | null;
}

const askEveryMs = 700;

export function createApprovals(context: TeamsContext, changed: () => void): Approvals {
  const running = new Map<AccountId, Running>();

  const end = (id: AccountId): void => {
    const known = running.get(id);
    if (known?.timer != null) clearInterval(known.timer);
    running.delete(id);
    changed();
  };

  const begin = (id: AccountId, approval: Omit<Running, 'timer' | 'introduction' | 'isDone'>): Running => {
    end(id);
    const made: Running = { ...approval, introduction: null, isDone: false, timer: null };
    made.timer = setInterval(() => void look(id, made), askEveryMs);
    running.set(id, made);
    changed();
    return made;
  };

  const look = async (id: AccountId, known: Running): Promise<void> => {
    try {
      const calls = await context.hub.callsOf(id);
      const carried = await calls.ask('account.readApproval', { approval: known.id });
      if (running.get(id) !== known) return;
      if (carried === null) return fail(known, 'tooLate');
      const message = (step: Step) => carried.messages.find((one) => one.step === step)?.message ?? null;
      await (known.side.kind === 'old'
        ? lookAsOld(context, calls, { id, known, message })
        : lookAsNew(context, calls, { known, message }));
      changed();
    } catch {
      // Asked again in a moment; after five minutes it is too late by itself.
    }
  };

  return {
    of: (id) => shown(running.get(id)),
    close() {
      for (const id of running.keys()) end(id);
    },
    calls: {
      startApproval: async (shownId) => {
        const id = accountId(shownId);
        const calls = await context.hub.callsOf(id);
        const { approval } = await calls.ask('account.startApproval');
        begin(id, { id: approval, startedAt: context.now(), side: { kind: 'old', state: null } });
        return done(null);
      },

      askForApproval: async (shownId) => {
        const id = accountId(shownId);
        const calls = await context.hub.callsOf(id);
        const account = context.accounts.get(id) ?? failTeams('signInNeeded');
        const open = await calls.ask('account.readApproval', {});
        if (open === null) failTeams('approvalFailed', notStarted());
        const state = startAsNewDevice(context.suite, account.device, context.now());
        if (state.step !== 'greeting') throw new Error('a new device begins by greeting');
        await calls.ask('account.putApproval', {
          approval: open.approval,
          step: 'hello',
          message: state.hello,
        });
        begin(id, { id: open.approval, startedAt: context.now(), side: { kind: 'new', state } });
        return done(null);
      },

      typeApprovalCode: async (shownId, typed) => {
        const id = accountId(shownId);
        const known = running.get(id);
        if (known?.side.kind !== 'old' || known.side.state === null) return failTeams('approvalFailed');
        const next = typeCode(known.side.state, typed, context.now());
        known.side.state = next;
        changed();
        const calls = await context.hub.callsOf(id);
        if (next.step !== 'approved') {
          await calls.ask('account.endApproval', { approval: known.id });
          return failTeams('approvalFailed');
        }
        await admitDevice(context, calls, { id, known, approved: next });
        known.isDone = true;
        await (await context.hub.syncOf(id)).readOwnLog();
        if (known.timer !== null) clearInterval(known.timer);
        changed();
        return done(null);
      },

      confirmApproval: async (shownId, accepted) => {
        const id = accountId(shownId);
        const known = running.get(id);
        if (known?.side.kind !== 'new') return failTeams('approvalFailed');
        const next = receiveConfirmation(known.side.state, accepted, context.now());
        known.side.state = next;
        if (next.step !== 'accepted') {
          changed();
          return failTeams('approvalFailed');
        }
        const calls = await context.hub.callsOf(id);
        await takeDeviceOver(context, calls, { id, accepted: next });
        await admitToLibrary(context, id);
        end(id);
        context.hub.refresh();
        await context.hub.syncOf(id);
        return done(null);
      },

      endApproval: async (shownId) => {
        const id = accountId(shownId);
        const known = running.get(id);
        if (known === undefined) return done(null);
        const { id: approval } = known;
        end(id);
        const calls = await context.hub.callsOf(id);
        await calls.ask('account.endApproval', { approval });
        return done(null);
      },
    },
  };
}

const notStarted = () => ({
  message: t('No approval has been started on another device.'),
  action: t('Run "Cuebook: Approve New Device…" on a device that is in the account, then try again here.'),
});

function fail(known: Running, reason: ApprovalFailure): void {
  if (known.isDone) return;
  if (known.side.kind === 'old') known.side.state = { step: 'failed', reason };
  else known.side.state = { step: 'failed', reason };
}

type Messages = (step: Step) => Uint8Array | null;

async function lookAsOld(
  context: TeamsContext,
  calls: ServerCalls,
  { id, known, message }: { readonly id: AccountId; readonly known: Running; readonly message: Messages },
): Promise<void> {
  if (known.side.kind !== 'old') return;
  const account = context.accounts.get(id) ?? failTeams('signInNeeded');
  const hello = message('hello');
  if (known.side.state === null && hello !== null) {
    const pins = [...account.client.workspaces.values()].flatMap((workspace) => {
      const head = teamOf(workspace)?.head;
      return head === undefined ? [] : [{ workspace: workspace.id, head }];
    });
    const answer = { account: id, accountHead: stateOf(account).head, device: account.device, pins };
    const state = answerNewDevice(context.suite, hello, answer, context.now());
    known.side.state = state;
    if (state.step !== 'answering') return;
    await calls.ask('account.putApproval', { approval: known.id, step: 'answer', message: state.answer });
  }
  const revealed = message('reveal');
  if (known.side.state?.step !== 'answering' || revealed === null) return;
  // The reveal, and behind it the introduction.
  const [reveal, introduction] = unjoin(revealed);
  known.introduction = introduction;
  known.side.state = receiveReveal(context.suite, known.side.state, reveal, context.now());
}

async function lookAsNew(
  context: TeamsContext,
  calls: ServerCalls,
  { known, message }: { readonly known: Running; readonly message: Messages },
): Promise<void> {
  const answer = message('answer');
  if (known.side.kind !== 'new' || known.side.state.step !== 'greeting' || answer === null) return;
  const state = receiveAnswer(context.suite, known.side.state, answer, context.now());
  known.side.state = state;
  if (state.step !== 'showing') return;
  const account = context.accounts.get(state.answer.account);
  if (account === null) return fail(known, 'malformed');
  const introduction = introduce(context.suite, state, account.device, context.now());
  const joined = join(state.revealed, introduction);
  await calls.ask('account.putApproval', { approval: known.id, step: 'reveal', message: joined });
}

/** Two byte strings in one message: the length of the first in four bytes, then both. */
function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(first.length);
  return new Uint8Array(Buffer.concat([length, first, second]));
}

function unjoin(bytes: Uint8Array): readonly [Uint8Array, Uint8Array] {
  const length = bytes.length < 4 ? 0 : Buffer.from(bytes).readUInt32BE(0);
  return [bytes.slice(4, 4 + length), bytes.slice(4 + length)];
}

async function admitDevice(
  context: TeamsContext,
  calls: ServerCalls,
  {
    id,
    known,
    approved,
  }: {
    readonly id: AccountId;
    readonly known: Running;
    readonly approved: Extract<OldDeviceState, { readonly step: 'approved' }>;
  },
): Promise<void> {
  const { suite } = context;
  const account = context.accounts.get(id) ?? failTeams('signInNeeded');
  const tools = { primitives: suite, verifiers: suite.verifiers };
  if (known.introduction === null) return failTeams('approvalFailed');
  const admitted = admit(tools, approved, stateOf(account), account.device, known.introduction);
  if (!admitted.ok) return failTeams('approvalFailed');
  const { entry, state } = admitted.value;
  const box = await sealedUserKey(context, state, account.userKeys, approved.device);
  const { kind } = await calls.ask('account.appendLog', {
    expectedHead: stateOf(account).head,
    entries: [entry.bytes],
    boxes: [{ device: box.recipient, generation: state.generation, box: box.bytes }],
  });
  if (kind === 'behind') failTeams('changedMeanwhile');
  await calls.ask('account.putApproval', {
    approval: known.id,
    step: 'accepted',
    message: new Uint8Array(0),
  });
}

async function takeDeviceOver(
  context: TeamsContext,
  calls: ServerCalls,
  {
    id,
    accepted,
  }: {
    readonly id: AccountId;
    readonly accepted: Extract<NewDeviceState, { readonly step: 'accepted' }>;
  },
): Promise<void> {
  const { suite } = context;
  const account = context.accounts.get(id) ?? failTeams('signInNeeded');
  const log = await readWholeLog(context, calls, id);
  const tools = { primitives: suite, verifiers: suite.verifiers };
  const bytes = log.entries.map((entry) => entry.bytes);
  const history = takeOver(tools, accepted, account.device, bytes);
  const isPinned = compareWithPin(log.entries, accepted.answer.accountHead).kind !== 'forked';
  if (!history.ok || !isPinned) return failTeams('approvalFailed');
  const boxes = await calls.ask('account.readBoxes', { device: account.device.id });
  const sealed = boxes.map(({ device, box }) => ({ recipient: device, bytes: box }));
  const keys = await openUserKeys(
    suite,
    account.device,
    { state: latest(history.value), entries: history.value.entries },
    sealed,
  );
  if (!keys.ok) return failTeams('approvalFailed');
  takeAccountOver(context, {
    account,
    history: history.value,
    boxes: sealed,
    userKeys: keys.value,
    pins: accepted.answer.pins,
  });
  const { server } = account.settings;
  if (server !== null) await bindDevice(context, calls, { id, address: server as ServerAddress });
}

function shown(known: Running | undefined): Approval | null {
  if (known === undefined) return null;
  const expiresAt = known.startedAt + APPROVAL_MS;
  if (known.side.kind === 'old') {
    if (known.isDone) return { side: 'old', step: 'done' };
    const { state } = known.side;
    if (state?.step === 'asking') return { side: 'old', step: 'typeCode', expiresAt };
    if (state?.step === 'failed') return { side: 'old', step: 'failed', reason: reasonOf(state.reason) };
    return { side: 'old', step: 'waiting', expiresAt };
  }
  const { state } = known.side;
  if (state.step === 'showing') return { side: 'new', step: 'showCode', code: state.code, expiresAt };
  if (state.step === 'failed') return { side: 'new', step: 'failed', reason: reasonOf(state.reason) };
  return { side: 'new', step: 'waiting', expiresAt };
}

const reasonOf = (reason: ApprovalFailure) => (reason === 'commitmentBroken' ? 'malformed' : reason);
