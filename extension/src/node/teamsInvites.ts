// Invites: making them, looking at one before joining, and joining. What an invite's code vouches for is pinned before
// anything that the server shows is believed.

import { challengeMessage } from '@cuebook/shared/crypto/challenge';
import { accountFingerprint } from '@cuebook/shared/crypto/fingerprint';
import { composeEntry } from '@cuebook/shared/client/entries';
import { newWorkspace, withWorkspace } from '@cuebook/shared/client/state';
import { idToBytes, type AccountId, type InviteId, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { TeamAppend } from '@cuebook/shared/protocol/workspace';
import type { FeedPosition, LogHead } from '@cuebook/shared/record/header';
import { type EpochBox, sealEpochKey } from '@cuebook/shared/team/epochKeys';
import {
  EMPTY_HISTORY,
  extendAccount,
  extendTeam,
  latest,
  stateAt,
  type AccountHistory,
  type TeamHistory,
} from '@cuebook/shared/team/history';
import {
  createInviteSecret,
  deriveInviteKeys,
  type InviteCode,
  type InviteKeys,
  openInviteBox,
  readInviteCode,
  sealToInvite,
  writeInviteCode,
} from '@cuebook/shared/team/invite';
import { following } from '@cuebook/shared/team/log';
import { teamLog, type JoinAction } from '@cuebook/shared/team/teamEntry';
import { currentMember, type Invite, membersNow, type TeamState } from '@cuebook/shared/team/teamState';
import { reveal } from '@cuebook/shared/util/redacted';
import type {
  InvitePreview,
  InviteSummary,
  MadeInvite,
  NewInvite,
  ServerAddress,
  TeamsCalls,
} from '../library/teams.ts';
import type { LocalAccount } from './accounts.ts';
import type { ServerCalls } from './serverCalls.ts';
import { ServerRefusal } from './serverSocket.ts';
import { parseAddress } from './serverWay.ts';
import {
  accountIn,
  appendEntry,
  holderIn,
  keepAccount,
  shownAccount,
  shownWorkspace,
  teamIn,
  type TeamsContext,
  workspaceId,
} from './teamsContext.ts';
import { done, failTeams } from './teamsProblem.ts';

type InviteCalls = Pick<TeamsCalls, 'invite' | 'invites' | 'closeInvite' | 'readInvite' | 'join'>;

const joinAttempts = 5;

export function createInviteCalls(context: TeamsContext): InviteCalls {
  return {
    invite: async (given) => done(await invite(context, given)),

    invites: async (id) =>
      done([...teamIn(context, workspaceId(id)).invites.values()].map((open) => summaryOf(open))),

    closeInvite: async (id, inviteId) => {
      const action = {
        type: 'close',
        invite: inviteId,
        reason: 'withdrawn',
      } as const;
      const workspace = workspaceId(id);
      await appendEntry(context, workspace, async (author, state) =>
        composeEntry(author, state, workspace, action),
      );
      return done(null);
    },

    readInvite: async (text, server) => {
      const read = readInviteText(text);
      const address = serverOf(read, server);
      const opened = await context.hub.asStranger(address, async (calls) =>
        openInvite(context, calls, { address, invite: read }),
      );
      return done(previewOf(context, address, opened));
    },

    join: async ({ text, server, account: id }) => {
      const read = readInviteText(text);
      const account = accountIn(context, id);
      if (serverOf(read, server) !== account.settings.server) failTeams('inviteInvalid');
      return done(shownWorkspace(await join(context, account, read)));
    },
  };
}

/** Link or code. */
export interface InviteText {
  readonly code: InviteCode;
  readonly server: ServerAddress | null;
}

export function readInviteText(text: string): InviteText {
  const trimmed = text.trim();
  const url = trimmed.includes(':') && URL.canParse(trimmed) ? new URL(trimmed) : null;
  const given = url?.searchParams.get('code') ?? (url === null ? trimmed : '');
  const code = readInviteCode(given);
  if (!code.ok) return failTeams('inviteInvalid');
  const server = url?.searchParams.get('server') ?? null;
  return { code: code.value, server: server === null ? null : parseAddress(server) };
}

const serverOf = ({ server }: InviteText, given: ServerAddress | undefined): ServerAddress =>
  given ?? server ?? failTeams('addressInvalid');

const summaryOf = ({ id, role, usesLeft, expiresAt, by }: Invite): InviteSummary => ({
  id: id,
  role,
  usesLeft,
  expiresAt,
  by: shownAccount(by),
});

/** An invite of one use carries the key of the team, sealed to it, unless an admin confirms newcomers first. */
async function invite(
  context: TeamsContext,
  { workspace: id, role, uses, expiresAt }: NewInvite,
): Promise<MadeInvite> {
  const { suite } = context;
  const workspace = workspaceId(id);
  const secret = createInviteSecret(suite);
  const keys = deriveInviteKeys(suite, secret);
  await appendEntry(context, workspace, async (author, state) => {
    const team = teamIn(context, workspace);
    const key = author.keys?.epochs.get(team.epoch);
    const carries = uses === 1 && !team.policy.confirmJoins && key !== undefined;
    const box = carries ? await sealToInvite(suite, keys, workspace, { number: team.epoch, key }) : null;
    const action = {
      type: 'invite',
      signPublic: keys.signPublic,
      boxPublic: keys.boxPublic,
      role,
      expiresAt,
      uses,
      epoch: team.epoch,
      commitment: team.commitment,
      boxHash: box?.hash ?? null,
    } as const;
    return composeEntry(
      author,
      state,
      workspace,
      action,
      box === null ? [] : [inviteBox(keys, team, box.box)],
    );
  });
  const holder = holderIn(context, workspace);
  const { head } = teamIn(context, workspace);
  const code = reveal(writeInviteCode({ workspace, head, secret }));
  const server = holder.settings.server ?? '';
  const query = new URLSearchParams({ server, code }).toString();
  return {
    id: keys.id,
    link: `vscode://cuebook.cuebook/join?${query}`,
    page: `${server}/join`,
    code,
  };
}

const inviteBox = (keys: InviteKeys, team: TeamState, bytes: Uint8Array): EpochBox => ({
  recipient: keys.id,
  epoch: team.epoch,
  generation: 0,
  bytes,
});

export interface OpenedInvite {
  readonly workspace: WorkspaceId;
  readonly keys: InviteKeys;
  readonly invite: Invite;
  readonly team: TeamHistory;
  readonly accounts: ReadonlyMap<AccountId, AccountHistory>;
  readonly feed: FeedPosition;
  readonly box: Uint8Array | null;
  /** What the code vouches for. */
  readonly pin: LogHead;
}

/** Shows the server the invite's key. */
export async function proveInvite(
  calls: ServerCalls,
  { address, keys }: { readonly address: ServerAddress; readonly keys: InviteKeys },
) {
  const { challenge } = await calls.ask('account.inviteChallenge');
  const message = challengeMessage({ origin: address, challenge, session: idToBytes(keys.id) });
  return { invite: keys.id, challenge, signature: keys.signer.sign(message) };
}

/** Reads the team's log by an invite and verifies it, up to the pin in the code and beyond. */
export async function openInvite(
  context: TeamsContext,
  calls: ServerCalls,
  { address, invite: { code } }: { readonly address: ServerAddress; readonly invite: InviteText },
): Promise<OpenedInvite> {
  const { suite } = context;
  const tools = { primitives: suite, verifiers: suite.verifiers };
  const { workspace } = code;
  const keys = deriveInviteKeys(suite, code.secret);
  const accounts = new Map<AccountId, AccountHistory>();
  let team: TeamHistory = EMPTY_HISTORY;
  for (;;) {
    const proof = await proveInvite(calls, { address, keys });
    const page = await askOrEnded(calls, { workspace, ...proof, from: team.entries.length });
    for (const { account, entries } of page.accounts) {
      const history = extendAccount(tools, EMPTY_HISTORY, entries);
      if (history.ok && latest(history.value).id === account) accounts.set(account, history.value);
    }
    const accountAt = (id: AccountId, head: LogHead) => {
      const history = accounts.get(id);
      return history === undefined ? null : stateAt(history, head);
    };
    const extended = extendTeam({ ...tools, accountAt }, team, page.entries);
    if (!extended.ok || extended.value.entries.length === team.entries.length) return failTeams('alarmed');
    team = extended.value;
    if (team.entries.length <= page.head.index) continue;
    const state = latest(team);
    const isPinned = team.entries[code.head.index]?.hash === code.head.hash;
    if (state.id !== workspace || !isPinned) return failTeams('alarmed');
    const open = state.invites.get(keys.id) ?? failTeams('inviteEnded');
    const { feed, box } = page;
    return { workspace, keys, invite: open, team, accounts, feed, box, pin: code.head };
  }
}

async function askOrEnded(calls: ServerCalls, input: Parameters<typeof asked>[1]) {
  try {
    return await asked(calls, input);
  } catch (error) {
    if (error instanceof ServerRefusal && error.code === 'notFound') return failTeams('inviteEnded');
    throw error;
  }
}

const asked = (
  calls: ServerCalls,
  input: {
    readonly workspace: WorkspaceId;
    readonly invite: InviteId;
    readonly challenge: Uint8Array;
    readonly signature: Uint8Array;
    readonly from: number;
  },
) => calls.ask('workspace.openInvite', input);

function previewOf(context: TeamsContext, server: ServerAddress, opened: OpenedInvite): InvitePreview {
  const { invite: open, team, workspace } = opened;
  const state = latest(team);
  const own = context.accounts.all().filter(({ settings }) => settings.server === server);
  return {
    server,
    workspace: shownWorkspace(workspace),
    kind: state.kind,
    role: open.role,
    expiresAt: open.expiresAt,
    memberCount: membersNow(state).length,
    invitedBy: {
      account: shownAccount(open.by),
      fingerprint: accountFingerprint(context.suite, open.by),
    },
    needsConfirmation: state.policy.confirmJoins,
    accounts: own.map(({ settings }) => shownAccount(settings.id)),
    // An account that this device was taken out of, or that is signed out, keeps nobody from joining with another one.
    isMemberAlready: own.some(
      ({ settings }) => settings.session === 'signedIn' && currentMember(state, settings.id) !== null,
    ),
  };
}

/** The `join` entry, with the key of the team sealed to the own user key if the invite carried it. */
export async function composeJoin(
  { suite, now }: TeamsContext,
  opened: OpenedInvite,
  account: LocalAccount,
): Promise<TeamAppend> {
  const { workspace, keys, team, feed } = opened;
  const state = latest(team);
  const own = account.client.accounts.get(account.settings.id);
  if (own === undefined) return failTeams('deviceNeeded');
  const { head: accountHead, generation, userPublics } = latest(own);
  const userPublic = userPublics.get(generation) ?? failTeams('deviceNeeded');
  const epochKey = await carriedKey(suite, opened);
  const sealed =
    epochKey === null
      ? null
      : await sealEpochKey(suite, workspace, state.epoch, epochKey, {
          account: account.settings.id,
          generation,
          userPublic,
        });
  const action: JoinAction = {
    type: 'join',
    invite: keys.id,
    workspace: idToBytes(workspace),
    accountHead,
    box: sealed?.named ?? null,
  };
  const body = { author: account.settings.id, position: feed, action };
  const entry = teamLog.compose(suite, { ...following(state.head), at: now(), body }, [
    { id: account.device.id, sign: account.device.sign },
    keys.signer,
  ]);
  return {
    workspace,
    expectedHead: state.head,
    entries: [entry.bytes],
    boxes:
      sealed === null
        ? []
        : [
            {
              epoch: state.epoch,
              recipient: { kind: 'member', account: account.settings.id, generation },
              box: sealed.stored.bytes,
            },
          ],
  };
}

async function carriedKey(
  suite: TeamsContext['suite'],
  { invite: open, box, keys, team, workspace }: OpenedInvite,
) {
  const state = latest(team);
  if (box === null || open.epoch !== state.epoch) return null;
  const epoch = { number: state.epoch, commitment: state.commitment };
  const opened = await openInviteBox(suite, keys, workspace, epoch, box);
  return opened.ok ? opened.value : null;
}

async function join(context: TeamsContext, account: LocalAccount, text: InviteText): Promise<WorkspaceId> {
  const { id } = account.settings;
  const address = (account.settings.server ?? failTeams('signInNeeded')) as ServerAddress;
  const sync = await context.hub.syncOf(id);
  const calls = await context.hub.callsOf(id);
  for (let attempt = 0; attempt < joinAttempts; attempt += 1) {
    const opened = await openInvite(context, calls, { address, invite: text });
    if (currentMember(latest(opened.team), id) !== null) failTeams('alreadyMember');
    const append = await composeJoin(context, opened, context.accounts.get(id) ?? account);
    const proof = await proveInvite(calls, { address, keys: opened.keys });
    const { kind } = await calls.ask('workspace.join', { append, proof });
    if (kind === 'behind') continue;
    const current = context.accounts.get(id) ?? account;
    const client = withWorkspace(current.client, newWorkspace(opened.workspace, opened.pin));
    keepAccount(context, { ...current, client });
    await sync.begin(opened.workspace);
    return opened.workspace;
  }
  return failTeams('changedMeanwhile');
}
