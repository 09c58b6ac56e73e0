// Who has a prompt open: told to the members who follow the team at this moment, sealed under the team's key, of one
// size whatever it says, and forgotten soon. It is a hint among teammates and proves nothing.

import { openLocal } from '@cuebook/shared/crypto/open';
import { sealLocal } from '@cuebook/shared/crypto/seal';
import { idToBytes, type AccountId, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import { PRESENCE_BYTES } from '@cuebook/shared/protocol/limits';
import { currentMember } from '@cuebook/shared/team/teamState';
import * as z from 'zod/mini';
import type { PromptId } from '../library/api.ts';
import type { Present, TeamsCalls } from '../library/teams.ts';
import { groupOf } from './librarySummaries.ts';
import { holderIn, shownAccount, shownWorkspace, teamIn, type TeamsContext } from './teamsContext.ts';
import { profileOf } from './profiles.ts';
import { done } from './teamsProblem.ts';

export interface TeamsPresence {
  readonly calls: Pick<TeamsCalls, 'setOpenPrompts' | 'presence'>;
  received(workspace: WorkspaceId, message: Uint8Array): void;
  close(): void;
}

/** Version, kind, salt, commitment and tag of a sealed value (docs/protocol.md, section 3). */
const sealedOverhead = 2 + 32 + 32 + 16;
const plainBytes = PRESENCE_BYTES - sealedOverhead;
const mostPrompts = 8;
const againMs = 20_000;
const goneMs = 50_000;

const told = z.object({
  account: z.string(),
  prompts: z.array(z.tuple([z.string(), z.boolean()])).check(z.maxLength(mostPrompts)),
});
type Told = z.infer<typeof told>;
type Open = Parameters<TeamsCalls['setOpenPrompts']>[0];

export function createPresence(context: TeamsContext, changed: () => void): TeamsPresence {
  const { sessions, now } = context;
  const others = new Map<
    string,
    { readonly workspace: WorkspaceId; readonly told: Told; readonly at: number }
  >();
  const shownIn = new Set<WorkspaceId>();
  let open: Open = [];

  const announce = async (): Promise<void> => {
    for (const session of sessions.all()) {
      const { workspace } = session;
      const prompts = open.filter(({ id }) => session.view().tree.group(groupOf(id)) !== undefined);
      if (prompts.length === 0 && !shownIn.delete(workspace)) continue;
      if (prompts.length > 0) shownIn.add(workspace);
      await send(context, workspace, prompts);
    }
  };
  const quietly = (): void => {
    announce().catch(() => undefined);
  };
  const again = setInterval(() => {
    const before = others.size;
    for (const [key, { at }] of others) if (now() - at > goneMs) others.delete(key);
    if (others.size !== before) changed();
    if (open.length > 0) quietly();
  }, againMs);
  again.unref();

  return {
    calls: {
      setOpenPrompts: async (prompts) => {
        open = prompts.slice(0, mostPrompts);
        quietly();
        return done(null);
      },
      presence: async () => done([...others.values()].flatMap((one) => presentOf(context, one))),
    },
    received(workspace, message) {
      const opened = openMessage(context, workspace, message);
      if (opened === null) return;
      const key = `${workspace} ${opened.account}`;
      if (opened.prompts.length === 0) others.delete(key);
      else others.set(key, { workspace, told: opened, at: now() });
      changed();
    },
    close() {
      clearInterval(again);
    },
  };
}

/** Only over a connection that is there; presence opens none. */
async function send(context: TeamsContext, workspace: WorkspaceId, prompts: Open): Promise<void> {
  const holder = holderIn(context, workspace);
  const key = holder.workspaceKeys.get(workspace)?.epochs.get(teamIn(context, workspace).epoch);
  if (key === undefined || context.hub.sync(workspace).kind !== 'live') return;
  const given: Told = {
    account: holder.settings.id,
    prompts: prompts.map(({ id, isEditing }) => [id, isEditing]),
  };
  const plaintext = Buffer.from(JSON.stringify(given).padEnd(plainBytes), 'utf8');
  const message = sealLocal(context.suite, { ...sealOf(workspace), key }, new Uint8Array(plaintext));
  const calls = await context.hub.callsOf(holder.settings.id);
  await calls.ask('record.presence', { workspace, message });
}

const sealOf = (workspace: WorkspaceId) => ({ purpose: 'presence', associated: idToBytes(workspace) });

function openMessage(context: TeamsContext, workspace: WorkspaceId, message: Uint8Array): Told | null {
  const holder = holderIn(context, workspace);
  const team = teamIn(context, workspace);
  const key = holder.workspaceKeys.get(workspace)?.epochs.get(team.epoch);
  if (key === undefined) return null;
  const opened = openLocal(context.suite, { ...sealOf(workspace), key }, message);
  if (!opened.ok) return null;
  try {
    const parsed = told.parse(JSON.parse(Buffer.from(opened.value).toString('utf8')));
    const isOther = parsed.account !== holder.settings.id;
    return isOther && currentMember(team, parsed.account as AccountId) !== null ? parsed : null;
  } catch {
    return null;
  }
}

function presentOf(
  context: TeamsContext,
  { workspace, told: { account, prompts } }: { readonly workspace: WorkspaceId; readonly told: Told },
): readonly Present[] {
  const session = context.sessions.of(workspace);
  const id = account as AccountId;
  const displayName = (session === null ? null : profileOf(session, id))?.displayName ?? '';
  return prompts.map(([prompt, isEditing]) => ({
    workspace: shownWorkspace(workspace),
    prompt: prompt as PromptId,
    account: shownAccount(id),
    displayName,
    isEditing,
  }));
}
