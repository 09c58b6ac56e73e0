// Takes a page of the feed: checks it against everything that is known before a record of it is applied, gives it to the
// replica, and turns what does not fit into alarms. A page that comes before the log entries it is judged by is let go
// and asked for again after them.

import { KINDS } from '../encoding/format.ts';
import type { FeedHash, GroupId, RecordId, WorkspaceId } from '../encoding/ids.ts';
import type { Suite } from '../crypto/suite.ts';
import type { DeviceKeys } from '../crypto/deviceKeys.ts';
import { nextPosition } from '../record/feed.ts';
import type { FeedPosition, GroupFlag } from '../record/header.ts';
import { takeFeed, type FeedItem, type FeedTaken } from '../replica/feed.ts';
import type { ReplicaPorts } from '../replica/ports.ts';
import { settleAcknowledged, type Session } from '../replica/pushing.ts';
import type { ReplicaState } from '../replica/state.ts';
import type { TeamHistory } from '../team/history.ts';
import type { Alarm } from './alarms.ts';
import { takeEnds } from './ends.ts';
import { recordsOf } from './judge.ts';
import type { WorkspaceKeys } from './keys.ts';
import type { FeedPage } from './messages.ts';
import { progress } from './progress.ts';
import { answeredRead, type Read } from './reads.ts';
import {
  replaceAlarms,
  withWorkspace,
  workspaceOf,
  type ClientState,
  type ClientTools,
  type LocalFeed,
  type Outcome,
} from './state.ts';

/** What of a workspace is not in the engine's state. */
export interface OpenWorkspace {
  readonly replica: ReplicaState;
  readonly session: Session;
  readonly keys: WorkspaceKeys;
  readonly device: DeviceKeys;
  /** All but the port to records, which is made here. */
  readonly ports: Omit<ReplicaPorts, 'records'>;
}

export interface PageOutcome extends Outcome {
  /** To be written in one transaction, then `replica` and `session` are kept. Null: nothing was taken. */
  readonly taken: FeedTaken | null;
  readonly replica: ReplicaState;
  readonly session: Session;
}

type PageTools = ClientTools & { readonly suite: Suite };

/** `verify: 'later'`: signatures are checked in slices afterwards (`settle` of the replica), with `recordsOf`. */
export function takeFeedPage(
  tools: PageTools,
  before: ClientState,
  open: OpenWorkspace,
  page: FeedPage,
  verify: 'now' | 'later' = 'now',
): PageOutcome {
  const { workspace, ends } = page;
  const claimed = takeEnds(tools, before, { kind: 'ends', workspace, ends });
  const local = tools.localOf(workspace);
  if (lacksEntries(claimed.state, page)) return passOver(tools, claimed, open, page, null);
  const items = page.items.filter(({ seq }) => seq > local.position.seq);
  const chain = hashChain(tools, local.position, items);
  const { team } = workspaceOf(claimed.state, workspace);
  const wrong = pageAlarm(team, local, page, { items, chain });
  if (wrong !== null) return passOver(tools, claimed, open, page, wrong);
  const hashAt = (seq: number): FeedHash | null => chain.get(seq)?.feedHash ?? local.hashAt(seq);
  const { keys, device } = open;
  const records = recordsOf(tools.suite, { state: claimed.state, workspace, device, keys, hashAt });
  const ports = { ...open.ports, records };
  const taken = takeFeed(open.replica, ports, items, verify);
  return keepTaken(tools, claimed, { open, page, taken, ports });
}

const readOf = ({ workspace, ends }: FeedPage): Read => ({
  kind: 'readFeed',
  workspace,
  incarnation: ends.incarnation,
  after: 0,
});

/** Nothing of the page is taken. `wrong` null: it is asked for again, after the entries that it is judged by. */
function passOver(
  tools: PageTools,
  claimed: Outcome,
  { replica, session }: OpenWorkspace,
  page: FeedPage,
  wrong: Alarm | null,
): PageOutcome {
  const answered = answeredRead(claimed.state, readOf(page), wrong === null);
  const noted = replaceAlarms(answered, () => false, wrong === null ? [] : [wrong]);
  const next = progress(tools, noted.state, page.workspace);
  const raised = [...claimed.raised, ...noted.raised, ...next.raised];
  return { ...next, raised, taken: null, replica, session };
}

interface Applied {
  readonly open: OpenWorkspace;
  readonly page: FeedPage;
  readonly taken: FeedTaken;
  readonly ports: ReplicaPorts;
}

function keepTaken(tools: PageTools, claimed: Outcome, { open, page, taken, ports }: Applied): PageOutcome {
  const { workspace: id, ends } = page;
  const settled = settleAcknowledged(open.session, taken.state);
  const before = workspaceOf(claimed.state, id);
  const erased = erasedGroups(before.erased, taken, ports);
  const gained = taken.state.feed.seq > open.replica.feed.seq;
  const isEnd = taken.state.feed.seq >= ends.feed.seq;
  const found: readonly Alarm[] = [
    ...settled.broken.map((record): Alarm => ({ code: 'acknowledgementBroken', workspace: id, record })),
    ...otherViews(id, taken),
    ...(isEnd && erased.size > 0 ? [{ code: 'erasedWithoutPurge', workspace: id } as const] : []),
  ];
  const noted = replaceAlarms(
    withWorkspace(answeredRead(claimed.state, readOf(page), gained), {
      ...before,
      erased: isEnd ? new Set() : erased,
    }),
    (alarm) => gained && alarm.workspace === id && alarm.code === 'feedBroken',
    found,
  );
  const next = progress(atPosition(tools, id, taken.state.feed), noted.state, id);
  const raised = [...claimed.raised, ...noted.raised, ...next.raised];
  return { ...next, raised, taken, replica: taken.state, session: settled.session };
}

/** The feed as it will be once the page is written. */
const atPosition = (tools: PageTools, id: WorkspaceId, position: FeedPosition): PageTools => ({
  ...tools,
  localOf: (asked) => (asked === id ? { ...tools.localOf(id), position } : tools.localOf(asked)),
});

/** What the page is judged by has not been read yet; unless the server was asked for it and did not give it. */
function lacksEntries(state: ClientState, { workspace: id, ends, items }: FeedPage): boolean {
  const { team, waiting } = workspaceOf(state, id);
  const isBehind = (ends.teamLog?.index ?? -1) >= team.entries.length;
  return items.length > 0 && (isBehind || waiting.length > 0);
}

type Chain = ReadonlyMap<number, FeedPosition>;

function hashChain(tools: ClientTools, from: FeedPosition, items: readonly FeedItem[]): Chain {
  const chain = new Map<number, FeedPosition>();
  let position = from;
  for (const { seq, id } of items) {
    if (seq !== position.seq + 1) break;
    position = nextPosition(tools.primitives, position, id);
    chain.set(seq, position);
  }
  return chain;
}

/** What is wrong with a page as a whole: nothing of it is taken then. */
function pageAlarm(
  team: TeamHistory,
  local: LocalFeed,
  { workspace, ends }: FeedPage,
  { items, chain }: { readonly items: readonly FeedItem[]; readonly chain: Chain },
): Alarm | null {
  const ids = new Set<RecordId>();
  for (const { seq, id } of items) {
    if (ids.has(id) || local.placeOf(id) !== null) return { code: 'feedBroken', workspace, seq, record: id };
    ids.add(id);
  }
  const last = items.at(-1)?.seq ?? 0;
  const end = chain.get(ends.feed.seq);
  if (last > ends.feed.seq || (end !== undefined && end.feedHash !== ends.feed.feedHash)) {
    return { code: 'feedBroken', workspace, seq: ends.feed.seq };
  }
  // An entry names the feed's hash at its place: who saw the entry saw this feed, or another.
  for (const { index, body } of team.entries.toReversed()) {
    const { seq, feedHash } = body.position;
    if (seq <= local.position.seq) break;
    const here = chain.get(seq);
    if (here !== undefined && here.feedHash !== feedHash) return { code: 'feedFork', workspace, index, seq };
  }
  return null;
}

/** Records whose authors had seen another feed or team log than this one. */
function otherViews(workspace: WorkspaceId, taken: FeedTaken): readonly Alarm[] {
  return taken.quarantined
    .filter(({ reason }) => reason === 'otherView')
    .map(({ id }) => ({ code: 'feedFork', workspace, record: id }));
}

/** Groups of which records came erased, without the last word on them being a purge or the trash. */
function erasedGroups(
  before: ReadonlySet<GroupId>,
  taken: FeedTaken,
  ports: Pick<ReplicaPorts, 'records'>,
): ReadonlySet<GroupId> {
  const erased = new Set(before);
  const touched = new Set<GroupId>();
  const lastFlag = new Map<GroupId, GroupFlag>();
  for (const { bytes } of taken.arrived) {
    const parsed = ports.records.parse(bytes);
    if (!parsed.ok) continue;
    const { group, flag } = parsed.value;
    touched.add(group);
    lastFlag.set(group, flag);
    if (bytes[1] === KINDS.tombstone) erased.add(group);
  }
  for (const group of touched) {
    const isTrashed = lastFlag.get(group) === 'trash';
    if (isTrashed || taken.state.groups.get(group)?.purged === true) erased.delete(group);
  }
  return erased;
}
