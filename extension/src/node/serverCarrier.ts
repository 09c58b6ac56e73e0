// Carries what the client engine wants to the server's procedures, and their answers back as the engine's messages. Adds
// the bytes of records from the disk. Decides nothing: what the engine asks is asked, what the server says is handed on.

import type { Request, ServerMessage, WorkspaceEnds } from '@cuebook/shared/client/messages';
import type { VerifyPrimitives } from '@cuebook/shared/crypto/primitives';
import type { AccountId, DeviceId, InviteId, RecordId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { AppendAnswer } from '@cuebook/shared/protocol/record';
import type { EpochBoxMessage } from '@cuebook/shared/protocol/workspace';
import { FEED_START } from '@cuebook/shared/record/feed';
import type { LogHead } from '@cuebook/shared/record/header';
import type { PushAnswer } from '@cuebook/shared/replica/pushing';
import { accountLog } from '@cuebook/shared/team/accountEntry';
import type { EpochBox } from '@cuebook/shared/team/epochKeys';
import { teamLog } from '@cuebook/shared/team/teamEntry';
import type { ServerCalls } from './serverCalls.ts';
import { ServerRefusal } from './serverSocket.ts';

export interface CarrierDependencies {
  readonly calls: ServerCalls;
  readonly primitives: Pick<VerifyPrimitives, 'sha256'>;
  readonly account: AccountId;
  readonly device: DeviceId;
  /** Of the server's database, as it was said on this connection. */
  readonly incarnation: string;
  /** Workspaces whose members' account logs may be asked for. */
  readonly workspaces: () => readonly WorkspaceId[];
  readonly bytesOf: (record: RecordId) => Uint8Array;
}

export type Carry = (request: Request) => Promise<readonly ServerMessage[]>;

/** Items of one page: small enough that a page is taken in some tens of milliseconds. */
const pageItems = 256;

/** Rejects with `ConnectionLost`, and with `ServerRefusal` for what may be asked again later. */
export function createCarrier(dependencies: CarrierDependencies): Carry {
  return async (request) => {
    switch (request.kind) {
      case 'readEnds':
        return [await readEnds(dependencies, request.workspace)];
      case 'readAccountLog':
        return readAccountLog(dependencies, request);
      case 'readTeamLog':
        return readTeamLog(dependencies, request);
      case 'readFeed':
        return readFeed(dependencies, request);
      case 'readBoxes': {
        const { workspace } = request;
        const boxes = await dependencies.calls.ask('workspace.readBoxes', { workspace });
        return [{ kind: 'boxes', workspace, boxes: boxes.map(boxOf) }];
      }
      case 'readUserBoxes': {
        const boxes = await dependencies.calls.ask('account.readBoxes', { device: dependencies.device });
        return [
          { kind: 'userBoxes', boxes: boxes.map(({ device, box }) => ({ recipient: device, bytes: box })) },
        ];
      }
      case 'push':
        return push(dependencies, request);
      case 'appendTeam':
        return appendTeam(dependencies, request);
      case 'appendAccount':
        return appendAccount(dependencies, request);
      case 'putBoxes': {
        const { workspace, boxes } = request;
        // Refused if somebody has left meanwhile: what is still wanted is said again.
        await orNull(
          dependencies.calls.ask('workspace.putBoxes', { workspace, boxes: boxes.map(boxMessage) }),
        );
        return [];
      }
      case 'reportBox': {
        const { workspace, wanted } = request;
        const { epoch, generation } = wanted;
        await orNull(dependencies.calls.ask('workspace.reportBox', { workspace, epoch, generation }));
        return [];
      }
      case 'readWanted': {
        const { workspace } = request;
        const wanted = await orNull(dependencies.calls.ask('workspace.wantedBoxes', { workspace }));
        return wanted === null ? [] : [{ kind: 'boxesWanted', workspace, wanted }];
      }
      case 'offerPin': {
        const { workspace, teamLog: head, feed } = request;
        await dependencies.calls.ask('workspace.offerPin', { workspace, head, feed });
        return [];
      }
      case 'heal':
        return heal(dependencies, request);
      case 'healAccountLog':
        return healAccountLog(dependencies, request);
    }
  };
}

async function readEnds(
  { calls, incarnation }: CarrierDependencies,
  workspace: WorkspaceId,
): Promise<ServerMessage> {
  const head = await orNull(calls.ask('workspace.head', { workspace }));
  const ends: WorkspaceEnds =
    head === null
      ? { incarnation, teamLog: null, feed: FEED_START, isHealing: false }
      : { incarnation, teamLog: head.head, feed: head.feed, isHealing: head.healing };
  return { kind: 'ends', workspace, ends };
}

async function readAccountLog(
  { calls, account: own, workspaces }: CarrierDependencies,
  { account, from }: Extract<Request, { readonly kind: 'readAccountLog' }>,
): Promise<readonly ServerMessage[]> {
  if (account === own) {
    const { entries, head } = await calls.ask('account.readLog', { from });
    return [{ kind: 'accountLog', account, from, entries, head }];
  }
  for (const workspace of workspaces()) {
    const part = await orNull(calls.ask('workspace.readAccount', { workspace, account, from }));
    if (part !== null) return [{ kind: 'accountLog', account, from, entries: part.entries, head: part.head }];
  }
  return [{ kind: 'accountLog', account, from, entries: [], head: null }];
}

async function readTeamLog(
  { calls }: CarrierDependencies,
  { workspace, from }: Extract<Request, { readonly kind: 'readTeamLog' }>,
): Promise<readonly ServerMessage[]> {
  const part = await orNull(calls.ask('workspace.readLog', { workspace, from }));
  return [{ kind: 'teamLog', workspace, from, entries: part?.entries ?? [], head: part?.head ?? null }];
}

/** The ends are read after the page: entries that judge its records are among those that they name. */
async function readFeed(
  dependencies: CarrierDependencies,
  { workspace, after }: Extract<Request, { readonly kind: 'readFeed' }>,
): Promise<readonly ServerMessage[]> {
  const { calls, incarnation } = dependencies;
  const cursor = { incarnation, seq: after };
  const page = await orNull(calls.ask('record.readFeed', { workspace, after: cursor, limit: pageItems }));
  const message = await readEnds(dependencies, workspace);
  if (message.kind !== 'ends' || page?.kind !== 'items') return [message];
  const ends = { ...message.ends, feed: page.end };
  return [{ kind: 'feed', workspace, items: page.items, ends }];
}

async function push(
  { calls, bytesOf }: CarrierDependencies,
  { workspace, push: pushed }: Extract<Request, { readonly kind: 'push' }>,
): Promise<readonly ServerMessage[]> {
  const { group, stream, expectedHead } = pushed;
  const records = pushed.records.map(bytesOf);
  try {
    const answer = await calls.ask('record.append', { workspace, group, stream, expectedHead, records });
    return [{ kind: 'pushed', workspace, push: pushed, answer: pushAnswer(answer) }];
  } catch (error) {
    const answer = refusedPush(error);
    if (answer === null) throw error;
    return [{ kind: 'pushed', workspace, push: pushed, answer }];
  }
}

function pushAnswer(answer: AppendAnswer): PushAnswer {
  switch (answer.kind) {
    case 'stored':
      return { kind: 'stored', places: answer.places };
    case 'behind':
    case 'oldEpoch':
    case 'gone':
      return { kind: answer.kind };
    case 'notAllowed':
      return { kind: answer.reason === 'rotationOwed' ? 'rotationOwed' : 'notAllowed' };
  }
}

/** Null: nothing definite was said; the same bytes may be sent again. */
function refusedPush(error: unknown): PushAnswer | null {
  if (!(error instanceof ServerRefusal)) return null;
  switch (error.code) {
    case 'notAllowed':
    case 'notFound':
    case 'refused':
    case 'malformed':
    case 'tooLarge':
    case 'secondFactorNeeded':
      return { kind: 'notAllowed' };
    case 'healing':
      return { kind: 'rotationOwed' };
    default:
      return null;
  }
}

async function appendTeam(
  { calls, primitives }: CarrierDependencies,
  { workspace, entry, boxes }: Extract<Request, { readonly kind: 'appendTeam' }>,
): Promise<readonly ServerMessage[]> {
  const parsed = teamLog.parse(primitives, entry);
  const expectedHead = headBefore(parsed);
  const isInvite = parsed.ok && parsed.value.body.action.type === 'invite';
  const messages = boxes.map((box) => (isInvite ? inviteBox(box) : boxMessage(box)));
  try {
    const append = { workspace, expectedHead, entries: [entry], boxes: messages };
    const { kind } = await calls.ask('workspace.appendLog', append);
    return [{ kind: 'teamAppended', workspace, answer: kind }];
  } catch (error) {
    if (!(error instanceof ServerRefusal)) throw error;
    const answer = error.code === 'healing' || error.code === 'behind' ? 'behind' : 'refused';
    return [{ kind: 'teamAppended', workspace, answer }];
  }
}

function headBefore(
  parsed: ReturnType<typeof teamLog.parse> | ReturnType<typeof accountLog.parse>,
): LogHead | null {
  if (!parsed.ok) throw new Error('an entry that was just composed can be read');
  const { index, previous } = parsed.value;
  return index === 0 ? null : { index: index - 1, hash: previous };
}

async function appendAccount(
  { calls, primitives }: CarrierDependencies,
  { entries, boxes }: Extract<Request, { readonly kind: 'appendAccount' }>,
): Promise<readonly ServerMessage[]> {
  const [first] = entries;
  if (first === undefined) return [];
  const parsed = accountLog.parse(primitives, first);
  const expectedHead = headBefore(parsed);
  if (expectedHead === null || !parsed.ok) throw new Error('an account log begins when the account is made');
  const { body } = parsed.value;
  const generation = body.type === 'generation' ? body.generation : 1;
  const userBoxes = boxes.map(({ recipient, bytes }) => ({ device: recipient, generation, box: bytes }));
  try {
    const { kind } = await calls.ask('account.appendLog', { expectedHead, entries, boxes: userBoxes });
    return [{ kind: 'accountAppended', answer: kind }];
  } catch (error) {
    if (!(error instanceof ServerRefusal)) throw error;
    return [{ kind: 'accountAppended', answer: 'refused' }];
  }
}

async function heal(
  dependencies: CarrierDependencies,
  { workspace, after, entries, records }: Extract<Request, { readonly kind: 'heal' }>,
): Promise<readonly ServerMessage[]> {
  const { calls, bytesOf, incarnation } = dependencies;
  const head = after.teamLog;
  if (head === null) return [await readEnds(dependencies, workspace)];
  const items = records.map((id) => ({ id, bytes: bytesOf(id) }));
  try {
    const healed = await calls.ask('workspace.heal', {
      workspace,
      after: { head, feed: after.feed },
      entries,
      items,
    });
    const ends = { incarnation, teamLog: healed.head, feed: healed.feed, isHealing: healed.healing };
    return [{ kind: 'ends', workspace, ends }];
  } catch (error) {
    // Somebody else was first, or it is over: what there is now says how to go on.
    if (!(error instanceof ServerRefusal)) throw error;
    return [await readEnds(dependencies, workspace)];
  }
}

/** Ends of account logs go with the workspace that is healed: any member may send anybody's. */
async function healAccountLog(
  { calls, workspaces }: CarrierDependencies,
  { account, entries }: Extract<Request, { readonly kind: 'healAccountLog' }>,
): Promise<readonly ServerMessage[]> {
  for (const workspace of workspaces()) {
    const now = await orNull(calls.ask('workspace.head', { workspace }));
    if (now?.healing !== true) continue;
    const after = { head: now.head, feed: now.feed };
    const accounts = [{ account, entries }];
    await orNull(calls.ask('workspace.heal', { workspace, after, accounts, entries: [], items: [] }));
  }
  return [];
}

/** Null where the server refuses: not there, not for this account, or behind. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ServerRefusal && refusesForGood.has(error.code)) return null;
    throw error;
  }
}

const refusesForGood: ReadonlySet<string> = new Set(['notFound', 'notAllowed', 'refused', 'behind']);

export function boxOf({ epoch, recipient, box }: EpochBoxMessage): EpochBox {
  switch (recipient.kind) {
    case 'member':
      return { recipient: recipient.account, epoch, generation: recipient.generation, bytes: box };
    case 'invite':
      return { recipient: recipient.invite, epoch, generation: 0, bytes: box };
    case 'token':
      return { recipient: recipient.token, epoch, generation: 0, bytes: box };
  }
}

/** The one box of an `invite` is for the invite itself. */
const inviteBox = ({ recipient, epoch, bytes }: EpochBox): EpochBoxMessage => ({
  epoch,
  recipient: { kind: 'invite', invite: recipient as InviteId },
  box: bytes,
});

/** Boxes that are put by this program are for members; a token's has generation 0. */
export function boxMessage({ recipient, epoch, generation, bytes }: EpochBox): EpochBoxMessage {
  const to =
    generation === 0
      ? ({ kind: 'token', token: recipient } as const)
      : ({ kind: 'member', account: recipient, generation } as const);
  return { epoch, recipient: to as EpochBoxMessage['recipient'], box: bytes };
}
