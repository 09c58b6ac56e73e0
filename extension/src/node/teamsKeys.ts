// Provider keys that teams share: what an admin does with them, and the one door through which a run gets one. A key
// leaves the library's worker only for an address that the user has agreed to, and is in no other answer.

import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import {
  openSharedKey,
  sharedKeys,
  shareProviderKey,
  withdrawProviderKey,
} from '@cuebook/shared/replica/providerKeys';
import { redact, reveal } from '@cuebook/shared/util/redacted';
import { t } from '@vscode/l10n';
import type { SharedKey, TeamsCalls } from '../library/teams.ts';
import { maskKey } from '../models/redact.ts';
import { sessionIn, type TeamsContext, workspaceId } from './teamsContext.ts';
import { done, failNotAllowed } from './teamsProblem.ts';

type KeyCalls = Pick<
  TeamsCalls,
  'sharedKeys' | 'shareKey' | 'withdrawKey' | 'agreeToSharedKey' | 'openSharedKey'
>;

/** What the user has said yes to, on this computer. */
interface Agreed {
  readonly workspace: string;
  readonly provider: string;
  readonly address: string;
}

const place = { purpose: 'notes', row: 'sharedKeys' } as const;

export function createKeyCalls(context: TeamsContext): KeyCalls {
  return {
    sharedKeys: async (id) => done(shownKeys(context, workspaceId(id))),

    shareKey: async ({ workspace, provider, api, label, address, key }) => {
      const session = sessionIn(context, workspaceId(workspace));
      const given = { provider, shared: { api, label, address, key: redact(key) } };
      session.change((change) => change.apply(shareProviderKey(change.state(), session.ports, given)));
      // Whoever shares a key has said where it goes.
      agree(context, { workspace, provider, address });
      context.hub.push();
      return done(null);
    },

    withdrawKey: async (id, provider) => {
      const session = sessionIn(context, workspaceId(id));
      session.change((change) => change.apply(withdrawProviderKey(change.state(), session.ports, provider)));
      context.hub.push();
      return done(null);
    },

    agreeToSharedKey: async (agreed) => {
      agree(context, agreed);
      return done(null);
    },

    openSharedKey: async ({ workspace, provider, address }) => {
      const session = sessionIn(context, workspaceId(workspace));
      session.view();
      const opened = openSharedKey(session.state(), session.ports, provider);
      const isAgreed = isAgreedTo(readAgreed(context), { workspace, provider, address });
      if (opened === null || opened.facts.address !== address || !isAgreed) {
        return failNotAllowed({
          message: t(
            'The team does not share a key for this address with you, or you have not agreed to it.',
          ),
          action: t('Run the prompt again.'),
        });
      }
      return done(reveal(opened.key));
    },
  };
}

function shownKeys(context: TeamsContext, workspace: WorkspaceId): readonly SharedKey[] {
  const session = sessionIn(context, workspace);
  session.view();
  const agreed = readAgreed(context);
  return sharedKeys(session.state()).map(({ provider, api, label, address, savedAt }) => {
    const opened = openSharedKey(session.state(), session.ports, provider);
    return {
      provider,
      api,
      label,
      address,
      savedAt,
      mask: opened === null ? '' : maskKey(reveal(opened.key)),
      agreed: isAgreedTo(agreed, { workspace, provider, address }),
    };
  });
}

const readAgreed = ({ sessions, accounts }: TeamsContext): readonly Agreed[] =>
  accounts.tools.seals.openJson<Agreed[]>(place, sessions.store.blob('notes', place.row)) ?? [];

const isAgreedTo = (agreed: readonly Agreed[], asked: Agreed): boolean =>
  agreed.some((one) => isSameKey(one, asked) && one.address === asked.address);

const isSameKey = (one: Agreed, other: Agreed): boolean =>
  one.workspace === other.workspace && one.provider === other.provider;

/** One address for each team and provider: going back to an earlier one asks as well. */
function agree(context: TeamsContext, { workspace, provider, address }: Agreed): void {
  const { sessions, accounts } = context;
  const agreed = { workspace, provider, address };
  sessions.write((touch) => {
    const others = readAgreed(context).filter((one) => !isSameKey(one, agreed));
    sessions.store.setBlob('notes', place.row, accounts.tools.seals.sealJson(place, [...others, agreed]));
    touch('teams');
  });
}
