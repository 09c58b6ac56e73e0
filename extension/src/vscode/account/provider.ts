// Signing in through an identity provider in the browser. The browser hands back through an address of VS Code's where
// it can; where it cannot (remote, WSL, a browser window) the page shows a code to type. Asked for every two seconds.

import os from 'node:os';
import * as vscode from 'vscode';
import type { ProviderStep, ServerSummary, SignInStep, Teams } from '../../library/teams.ts';
import type { Services } from '../services.ts';
import { settle, tell } from '../sync/settled.ts';
import { askText } from '../team/questions.ts';

export interface Returns {
  /** For the browser to hand back to; null where none can. */
  address(): Promise<string | null>;
  /** What the next address that comes back says; ends with `dispose`. */
  next(): { readonly returned: Promise<string> } & vscode.Disposable;
}

export interface ProviderDeps {
  readonly services: Services;
  readonly returns: Returns;
}

/** Null: given up, or told why not. */
export async function signInWithProvider(
  deps: ProviderDeps,
  server: ServerSummary,
  provider: string,
): Promise<SignInStep | null> {
  const step = await throughBrowser(deps, server, provider);
  return step === null || step.kind === 'linked' ? null : step;
}

type Finished = Exclude<ProviderStep, { kind: 'waiting' } | { kind: 'typeCode' }>;

async function throughBrowser(
  { services: { teams }, returns }: ProviderDeps,
  server: ServerSummary,
  provider: string,
): Promise<Finished | null> {
  const uri = await returns.address();
  const started = await settle(teams, async () =>
    teams.startProvider({ provider, server: server.address, uri }),
  );
  if ('problem' in started) {
    tell(started.problem);
    return null;
  }
  const { url, attempt } = started.value;
  if (!(await vscode.env.openExternal(vscode.Uri.parse(url, true)))) return null;
  const coming = returns.next();
  try {
    return await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Sign in at {0} in the browser', server.address),
        cancellable: true,
      },
      async (_, token) => untilDone({ teams, attempt, returned: coming.returned, token }),
    );
  } finally {
    coming.dispose();
  }
}

interface Waiting {
  readonly teams: Teams;
  readonly attempt: string;
  readonly returned: Promise<string>;
  readonly token: vscode.CancellationToken;
}

const pauseMs = 2_000;

async function untilDone({ teams, attempt, returned, token }: Waiting): Promise<Finished | null> {
  const deviceName = os.hostname();
  let known: { returned?: string; code?: string } = {};
  while (!token.isCancellationRequested) {
    const settled = await settle(teams, async () => teams.finishProvider({ attempt, deviceName, ...known }));
    if ('problem' in settled) {
      tell(settled.problem);
      return null;
    }
    const step = settled.value;
    switch (step.kind) {
      case 'waiting': {
        const back = await soonest(returned, token);
        if (back !== null) known = { ...known, returned: back };
        break;
      }
      case 'typeCode':
      case 'codeNeeded': {
        const text = await askCode(step.kind);
        if (text === undefined) return null;
        known = step.kind === 'typeCode' ? { ...known, returned: text } : { ...known, code: text };
        break;
      }
      default:
        return step;
    }
  }
  return null;
}

async function askCode(kind: 'typeCode' | 'codeNeeded'): Promise<string | undefined> {
  return askText({
    title: vscode.l10n.t('Sign In'),
    prompt:
      kind === 'typeCode'
        ? vscode.l10n.t('The code that the page in the browser shows.')
        : vscode.l10n.t('The code of your authenticator app, or a recovery code.'),
  });
}

/** What came back, or null after a pause or when the user gave up. */
async function soonest(returned: Promise<string>, token: vscode.CancellationToken): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, pauseMs, null);
  const cancelled = token.onCancellationRequested(() => resolve(null));
  try {
    return await Promise.race([returned, promise]);
  } finally {
    clearTimeout(timer);
    cancelled.dispose();
  }
}
