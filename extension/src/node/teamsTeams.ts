// Teams: making them, bringing the personal workspace to a server, and everything that is an entry of a team's log.

import { composeEntry, composeRotation } from '@cuebook/shared/client/entries';
import { newWorkspace, withWorkspace, workspaceOf } from '@cuebook/shared/client/state';
import { accountFingerprint, teamStateCode } from '@cuebook/shared/crypto/fingerprint';
import { WORKSPACE_GROUP, type AccountId, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import { labelTag } from '@cuebook/shared/record/labelTag';
import { appendToHead, compose } from '@cuebook/shared/replica/composer';
import { renameWorkspace } from '@cuebook/shared/replica/labelling';
import { openStreams } from '@cuebook/shared/replica/packedStreams';
import { EMPTY_HISTORY, extendTeam, latest, stateAt, type TeamHistory } from '@cuebook/shared/team/history';
import { createWorkspace } from '@cuebook/shared/team/personal';
import type { TeamAction } from '@cuebook/shared/team/teamEntry';
import type { Member } from '@cuebook/shared/team/teamState';
import { succeed } from '@cuebook/shared/util/result';
import { workspaceKeys } from '@cuebook/shared/client/keys';
import { t } from '@vscode/l10n';
import type { MemberSummary, TeamsCalls } from '../library/teams.ts';
import type { LocalAccount } from './accounts.ts';
import { fail } from './libraryProblem.ts';
import { boxMessage } from './serverCarrier.ts';
import {
  accountId,
  accountIn,
  appendEntry,
  checkOutcome,
  holderIn,
  keepAccount,
  keepSettings,
  sessionIn,
  shownAccount,
  shownWorkspace,
  teamIn,
  type TeamsContext,
  workspaceId,
} from './teamsContext.ts';
import { stateOf } from './teamsAccounts.ts';
import { looksLikeAnother } from './people.ts';
import { type Profile, profileOf, profilesOf } from './profiles.ts';
import { readVerified, writeVerified } from './teamsNotes.ts';
import { done, failNotAllowed, failTeams } from './teamsProblem.ts';

type TeamCalls = Pick<
  TeamsCalls,
  | 'createTeam'
  | 'attachPersonal'
  | 'renameTeam'
  | 'setNames'
  | 'members'
  | 'setRole'
  | 'confirmMember'
  | 'removalNotice'
  | 'removeMember'
  | 'setVerified'
  | 'teamStateCode'
  | 'leave'
  | 'transfer'
  | 'deleteTeam'
  | 'undeleteTeam'
  | 'policy'
  | 'setPolicy'
  | 'forgetTeam'
  | 'closeHealing'
>;

export function createTeamCalls(context: TeamsContext): TeamCalls {
  const append = async (id: WorkspaceId, action: TeamAction): Promise<void> =>
    appendEntry(context, id, async (author, state) => composeEntry(author, state, id, action));
  return {
    ...makingCalls(context),
    ...memberCalls(context, append),

    leave: async (id) => {
      const workspace = workspaceId(id);
      if (ownersOf(context, workspace).length === 1 && ownRole(context, workspace) === 'owner') {
        failTeams('lastOwner');
      }
      await append(workspace, { type: 'leave' });
      return done(null);
    },
    transfer: async (id, to) => {
      await append(workspaceId(id), { type: 'transfer', to: accountId(to) });
      return done(null);
    },
    deleteTeam: async (id) => {
      await append(workspaceId(id), { type: 'delete' });
      return done(null);
    },
    undeleteTeam: async (id) => {
      await append(workspaceId(id), { type: 'undelete' });
      return done(null);
    },
    policy: async (id) => {
      const { policy } = teamIn(context, workspaceId(id));
      const named = labelNames(context, workspaceId(id));
      return done({
        confirmJoins: policy.confirmJoins,
        requireSecondFactor: policy.requireMfa,
        protectedLabels: policy.protectedLabels.map(({ tag, least }) => ({
          name: named.get(Buffer.from(tag).toString('hex')) ?? null,
          least,
        })),
      });
    },
    setPolicy: async (id, { confirmJoins, requireSecondFactor, protectedLabels }) => {
      const workspace = workspaceId(id);
      const { policy } = teamIn(context, workspace);
      const keys = holderIn(context, workspace).workspaceKeys.get(workspace) ?? failTeams('serverFailed');
      const known = labelNames(context, workspace);
      // Those whose names are not known here stay as they are.
      const unknown = policy.protectedLabels.filter(
        ({ tag }) => !known.has(Buffer.from(tag).toString('hex')),
      );
      const named = protectedLabels.flatMap(({ name, least }) =>
        name === null ? [] : [{ tag: labelTag(keys.streamKey, name), least }],
      );
      await append(workspace, {
        type: 'policy',
        policy: {
          ...policy,
          confirmJoins,
          requireMfa: requireSecondFactor,
          protectedLabels: [...unknown, ...named].sort((left, right) => Buffer.compare(left.tag, right.tag)),
        },
      });
      return done(null);
    },
    closeHealing: async (id) => {
      const workspace = workspaceId(id);
      const calls = await context.hub.callsOf(holderIn(context, workspace).settings.id);
      await calls.ask('workspace.closeHealing', { workspace });
      return done(null);
    },
    forgetTeam: async (id) => {
      const workspace = workspaceId(id);
      if (context.hub.sync(workspace).kind !== 'ended') fail('busy', stillMember());
      const holder = holderIn(context, workspace);
      const workspaces = new Map(holder.client.workspaces);
      const keys = new Map(holder.workspaceKeys);
      workspaces.delete(workspace);
      keys.delete(workspace);
      keepAccount(context, {
        ...holder,
        client: { ...holder.client, workspaces },
        workspaceKeys: keys,
      });
      return done(null);
    },
  };
}

const stillMember = () => ({
  message: t('You are a member of this team; only a team that is over for you can be taken away.'),
  action: t('Leave the team first.'),
});

type MakingCalls = Pick<TeamsCalls, 'createTeam' | 'attachPersonal' | 'renameTeam' | 'setNames'>;

function makingCalls(context: TeamsContext): MakingCalls {
  return {
    createTeam: async ({ account, name }) =>
      done(shownWorkspace(await createTeam(context, accountId(account), name))),

    attachPersonal: async (id, account) => {
      await attach(context, workspaceId(id), accountId(account));
      return done(null);
    },

    renameTeam: async (id, name) => {
      const session = sessionIn(context, workspaceId(id));
      session.change((change) => change.apply(renameWorkspace(change.state(), session.ports, name)));
      context.hub.push();
      return done(null);
    },

    setNames: async (id, names) => {
      const account = accountIn(context, id);
      const settings = { ...account.settings, ...names };
      keepAccount(context, { ...account, settings });
      for (const workspace of account.workspaceKeys.keys()) introduce(context, workspace);
      context.hub.push();
      return done(null);
    },
  };
}

/** On the server first: a workspace that only this disk knows would be another one there. */
async function createTeam(context: TeamsContext, id: AccountId, name: string): Promise<WorkspaceId> {
  const { suite, now, hub } = context;
  const sync = await hub.syncOf(id);
  const calls = await hub.callsOf(id);
  const account = context.accounts.get(id) ?? failTeams('signInNeeded');
  const state = stateOf(account);
  const made = await createWorkspace(suite, account.device, { state }, { kind: 'team', now: now() });
  const { workspace, teamLog, epochBoxes, epochKeys } = made;
  await calls.ask('workspace.create', {
    workspace,
    expectedHead: null,
    entries: teamLog,
    boxes: epochBoxes.map(boxMessage),
  });
  const { incarnation } = await calls.ask('server.info');
  const tools = { primitives: suite, verifiers: suite.verifiers };
  const current = context.accounts.get(id) ?? account;
  const accountAt = (asked: AccountId, head: Parameters<typeof stateAt>[1]) => {
    const history = current.client.accounts.get(asked);
    return history === undefined ? null : stateAt(history, head);
  };
  const team = extendTeam({ ...tools, accountAt }, EMPTY_HISTORY, teamLog);
  const keys = workspaceKeys(suite, workspace, epochKeys);
  if (!team.ok || keys === null) throw new Error('a team that was just made can be opened');
  const opened = { ...newWorkspace(workspace), team: team.value, boxes: epochBoxes, incarnation };
  keepAccount(context, {
    ...current,
    client: withWorkspace(current.client, opened),
    workspaceKeys: new Map(current.workspaceKeys).set(workspace, keys),
  });
  const session = sessionIn(context, workspace);
  session.change((change) => change.apply(renameWorkspace(change.state(), session.ports, name)));
  introduce(context, workspace);
  await sync.begin(workspace);
  return workspace;
}

/** The log and the key as they are; what is in it follows as everything else that the server does not have. */
async function attach(context: TeamsContext, workspace: WorkspaceId, id: AccountId): Promise<void> {
  const { hub } = context;
  const sync = await hub.syncOf(id);
  const calls = await hub.callsOf(id);
  const account = context.accounts.get(id) ?? failTeams('signInNeeded');
  const known = account.client.workspaces.get(workspace) ?? failTeams('notMember');
  if (known.incarnation !== null) return;
  refuseForeign(context, known.team, account);
  await calls.ask('workspace.create', {
    workspace,
    expectedHead: null,
    entries: known.team.entries.map(({ bytes }) => bytes),
    boxes: known.boxes.map(boxMessage),
  });
  const { incarnation } = await calls.ask('server.info');
  const current = context.accounts.get(id) ?? account;
  const attached = { ...workspaceOf(current.client, workspace), incarnation };
  keepAccount(context, { ...current, client: withWorkspace(current.client, attached) });
  await sync.begin(workspace);
}

/** A server verifies a log by the logs of all who are in it: those that it does not have cannot be told to it. */
function refuseForeign(context: TeamsContext, team: TeamHistory, { settings }: LocalAccount): void {
  const { members } = latest(team);
  const isKnown = (id: AccountId): boolean => context.accounts.get(id)?.settings.server === settings.server;
  const beginner = team.entries[0]?.body.author;
  if (beginner === settings.id && [...members.keys()].every(isKnown)) return;
  failNotAllowed({
    message: t(
      'These prompts were written before this device came into the account: another account began them.',
    ),
    action: t('Copy the prompts that you want on the server into a workspace that is there.'),
  });
}

/** Writes this account's names into a workspace, if they are others there. */
export function introduce(context: TeamsContext, workspace: WorkspaceId): void {
  const session = context.sessions.of(workspace);
  const holder = context.accounts.holderOf(workspace);
  if (session === null || holder === null || !session.mayEdit()) return;
  const { id, deviceName } = holder.settings;
  const device = holder.device.id;
  const before = profileOf(session, id);
  // A device that came later was not told the name: it is in what the others have written.
  const displayName = holder.settings.displayName || (before?.displayName ?? '');
  if (displayName !== holder.settings.displayName) {
    keepSettings(context, { ...holder, settings: { ...holder.settings, displayName } });
  }
  const devices = [
    ...(before?.devices ?? []).filter((one) => one.device !== device),
    { device, name: deviceName },
  ];
  const isSame =
    before?.displayName === displayName &&
    before.devices.some((one) => one.device === device && one.name === deviceName);
  if (isSame || displayName === '') return;
  const payload = { kind: 'profile', account: id, displayName, devices, savedAt: context.now() } as const;
  session.change((change) =>
    change.apply(
      compose(change.state(), session.ports, (composer) => {
        appendToHead(composer, { group: WORKSPACE_GROUP, payload });
        return succeed(null);
      }),
    ),
  );
}

type MemberCalls = Pick<
  TeamsCalls,
  'members' | 'setRole' | 'confirmMember' | 'removalNotice' | 'removeMember' | 'setVerified' | 'teamStateCode'
>;

function memberCalls(
  context: TeamsContext,
  append: (id: WorkspaceId, action: TeamAction) => Promise<void>,
): MemberCalls {
  return {
    members: async (id) => done(await membersOf(context, workspaceId(id))),

    setRole: async (id, member, role) => {
      const workspace = workspaceId(id);
      const owners = ownersOf(context, workspace);
      const isLastOwner = owners.length === 1 && owners[0]?.account === accountId(member);
      if (isLastOwner && role !== 'owner') failTeams('lastOwner');
      await append(workspace, { type: 'role', account: accountId(member), role });
      return done(null);
    },

    confirmMember: async (id, member) => {
      await append(workspaceId(id), { type: 'confirm', account: accountId(member) });
      return done(null);
    },

    removalNotice: async (id) => {
      const workspace = workspaceId(id);
      const prompts = context.sessions.of(workspace)?.view().prompts().length ?? 0;
      return done({ prompts, invites: teamIn(context, workspace).invites.size });
    },

    removeMember: async (id, member) => {
      const workspace = workspaceId(id);
      const sync = await context.hub.syncOf(holderIn(context, workspace).settings.id);
      checkOutcome(
        await sync.append(workspace, async (author, state) =>
          composeRotation(author, state, workspace, accountId(member)),
        ),
      );
      return done(null);
    },

    setVerified: async (member, verified) => {
      const notes = readVerified(context.sessions.store, context.accounts.tools.seals);
      writeVerified(
        context,
        verified ? [...new Set([...notes, member])] : notes.filter((known) => known !== member),
      );
      return done(null);
    },

    teamStateCode: async (id) => {
      const { id: workspace, head } = teamIn(context, workspaceId(id));
      return done(teamStateCode(context.suite, workspace, head.hash));
    },
  };
}

const ownersOf = (context: TeamsContext, workspace: WorkspaceId): readonly Member[] =>
  [...teamIn(context, workspace).members.values()].filter(
    ({ role, endedAt }) => role === 'owner' && endedAt === null,
  );

const ownRole = (context: TeamsContext, workspace: WorkspaceId) =>
  teamIn(context, workspace).members.get(holderIn(context, workspace).settings.id)?.role;

async function membersOf(context: TeamsContext, workspace: WorkspaceId): Promise<readonly MemberSummary[]> {
  const holder = holderIn(context, workspace);
  const { team } = workspaceOf(holder.client, workspace);
  const members = [...teamIn(context, workspace).members.values()];
  const emails = await contacts(context, holder, workspace);
  const verified = new Set(readVerified(context.sessions.store, context.accounts.tools.seals));
  const session = context.sessions.of(workspace);
  const profiles = session === null ? new Map<AccountId, Profile>() : profilesOf(session);
  const names = new Map(members.map(({ account }) => [account, profiles.get(account)?.displayName ?? '']));
  return members.map((member) => {
    const { account, role, joinedAt, endedAt, confirmed } = member;
    const displayName = names.get(account) ?? '';
    return {
      account: shownAccount(account),
      isSelf: account === holder.settings.id,
      role,
      state: endedAt !== null ? 'former' : confirmed ? 'member' : 'waiting',
      displayName,
      email: emails.get(account) ?? null,
      fingerprint: accountFingerprint(context.suite, account),
      verified: verified.has(account),
      nameWarning: looksLikeAnother(account, names) ? 'lookAlike' : null,
      joinedAt: team.entries[joinedAt]?.at ?? 0,
      isOnline: false,
    };
  });
}

/** "According to the server"; nothing without a connection in this window. */
async function contacts(
  { hub }: TeamsContext,
  { settings }: LocalAccount,
  workspace: WorkspaceId,
): Promise<ReadonlyMap<AccountId, string | null>> {
  if (hub.connection(settings.id).kind !== 'online') return new Map();
  try {
    const calls = await hub.callsOf(settings.id);
    const rows = await calls.ask('workspace.contacts', { workspace });
    return new Map(rows.map(({ account, email }) => [account, email]));
  } catch {
    return new Map();
  }
}

/** Names of labels that are known here, by tag. */
function labelNames(context: TeamsContext, workspace: WorkspaceId): ReadonlyMap<string, string> {
  const session = context.sessions.of(workspace);
  const keys = holderIn(context, workspace).workspaceKeys.get(workspace);
  if (session === null || keys === undefined) return new Map();
  const names = new Set<string>(['production', 'staging']);
  for (const group of session.state().groups.values()) {
    for (const stream of openStreams(group.streams).values()) {
      const facts = stream.head === null ? null : stream.entries.get(stream.head)?.facts;
      if (facts?.kind === 'label') names.add(facts.name);
    }
  }
  return new Map(
    [...names].map((name) => [Buffer.from(labelTag(keys.streamKey, name)).toString('hex'), name]),
  );
}
