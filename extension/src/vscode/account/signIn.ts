// Signing in to a server, and making an account there. Each question in its own box; passwords and codes are handed on
// and kept nowhere.

import os from 'node:os';
import * as vscode from 'vscode';
import type {
  AccountId,
  Credentials,
  ServerSummary,
  SignInStep,
  SignUpGround,
  Teams,
} from '../../library/teams.ts';
import { showKit, presentKit } from '../recovery/kitDialog.ts';
import type { Services } from '../services.ts';
import { settle, tell, valueOrTold } from '../sync/settled.ts';
import { askText, choose, type Choice } from '../team/questions.ts';
import { signInWithProvider, type Returns } from './provider.ts';
import { setUpDevice } from './newDevice.ts';

export interface SignInDeps {
  readonly services: Services;
  /** Addresses with which a browser hands back. */
  readonly returns: Returns;
}

/** The account that is ready to sync, or null: given up, or told why not. */
export async function signIn(deps: SignInDeps): Promise<AccountId | null> {
  const server = await askServer(deps.services.teams, vscode.l10n.t('Sign In'));
  return server === null ? null : signInTo(deps, server, null);
}

/** `ground`: what allows an account to be made, if that is known already. */
export async function signInTo(
  deps: SignInDeps,
  server: ServerSummary,
  ground: SignUpGround | null,
): Promise<AccountId | null> {
  const way = await askWay(server, ground !== null);
  switch (way?.kind) {
    case undefined:
      return null;
    case 'password':
      return withPassword(deps, server);
    case 'provider': {
      const step = await signInWithProvider(deps, server, way.id);
      return step === null ? null : finish(deps, server, { step, ground });
    }
    case 'newAccount':
      return signUp(deps, server, { ground, credentials: null });
  }
}

// ---- which server

/** One that is known, or another; null: given up, or told why not. */
export async function askServer(teams: Teams, title: string): Promise<ServerSummary | null> {
  const overview = await teams.overview();
  const known = overview.ok ? overview.value.servers : [];
  const choices: readonly Choice<ServerSummary | 'other'>[] = [
    ...known.map((server) => ({ label: server.address, value: server })),
    { label: `$(add) ${vscode.l10n.t('Another Server…')}`, value: 'other' },
  ];
  const chosen = known.length === 0 ? 'other' : await choose(title, choices);
  if (chosen === undefined) return null;
  return chosen === 'other' ? askAddress(teams, title) : chosen;
}

async function askAddress(teams: Teams, title: string): Promise<ServerSummary | null> {
  const address = await askText({
    title,
    prompt: vscode.l10n.t('The address of your Cuebook server.'),
    placeHolder: 'https://cuebook.example.com',
  });
  if (address === undefined) return null;
  return (await valueOrTold(teams, async () => teams.inspectServer(address)))?.value ?? null;
}

type Way =
  | { readonly kind: 'password' }
  | { readonly kind: 'provider'; readonly id: string }
  | { readonly kind: 'newAccount' };

async function askWay(server: ServerSummary, mayMake: boolean): Promise<Way | undefined> {
  const ways: readonly Choice<Way>[] = [
    ...server.providers.map(({ id, name }) => ({
      label: `$(link-external) ${vscode.l10n.t('Sign In with {0}', name)}`,
      value: { kind: 'provider', id } as const,
    })),
    ...(server.passwords
      ? [
          {
            label: `$(key) ${vscode.l10n.t('Sign In with a Password')}`,
            value: { kind: 'password' } as const,
          },
          {
            label: `$(person-add) ${vscode.l10n.t('Make an Account')}`,
            value: { kind: 'newAccount' } as const,
            ...(server.registration === 'invitation' &&
              !mayMake && { detail: vscode.l10n.t('With an invite, or a link of who runs the server.') }),
          },
        ]
      : []),
  ];
  return choose(server.address, ways);
}

// ---- with a password

async function withPassword(deps: SignInDeps, server: ServerSummary): Promise<AccountId | null> {
  const { teams } = deps.services;
  const email = await askEmail(server);
  const password = email === undefined ? undefined : await askPassword(server);
  if (email === undefined || password === undefined) return null;
  const given = { server: server.address, email, password, deviceName: os.hostname() };
  let settled = await settle(teams, async () => teams.signIn(given));
  while (('value' in settled && settled.value.kind === 'codeNeeded') || isWrongCode(settled)) {
    const code = await askCode(server, isWrongCode(settled));
    if (code === undefined) return null;
    settled = await settle(teams, async () => teams.signIn({ ...given, code }));
  }
  if ('problem' in settled) {
    tell(settled.problem);
    return null;
  }
  return finish(deps, server, { step: settled.value, ground: null });
}

function isWrongCode(settled: Awaited<ReturnType<typeof settle<SignInStep>>>): boolean {
  return 'problem' in settled && settled.problem.code === 'wrongCode';
}

async function askEmail({ address }: ServerSummary): Promise<string | undefined> {
  return askText({
    title: address,
    prompt: vscode.l10n.t('Your email address.'),
    problem: (text) => (text.includes('@') ? null : vscode.l10n.t('That is no email address.')),
  });
}

async function askPassword({ address }: ServerSummary): Promise<string | undefined> {
  return askText({ title: address, prompt: vscode.l10n.t('Your password.'), password: true });
}

async function askCode({ address }: ServerSummary, wasWrong: boolean): Promise<string | undefined> {
  const prompt = vscode.l10n.t('The code of your authenticator app, or a recovery code.');
  const wrong = vscode.l10n.t('That code was not right.');
  return askText({ title: address, prompt: wasWrong ? `${wrong} ${prompt}` : prompt });
}

// ---- after that

async function finish(
  deps: SignInDeps,
  server: ServerSummary,
  { step, ground }: { readonly step: SignInStep; readonly ground: SignUpGround | null },
): Promise<AccountId | null> {
  switch (step.kind) {
    case 'codeNeeded':
      return null;
    case 'accountNeeded':
      return signUp(deps, server, { ground, credentials: { kind: 'ticket', ticket: step.ticket } });
    case 'signedIn':
      if (step.device === 'ready') return step.account;
      return (await setUpDevice(deps.services.teams, step.account)) ? step.account : null;
  }
}

// ---- a new account

interface SigningUp {
  readonly ground: SignUpGround | null;
  /** Null: asked for here. */
  readonly credentials: Credentials | null;
}

async function signUp(deps: SignInDeps, server: ServerSummary, given: SigningUp): Promise<AccountId | null> {
  const { teams, library } = deps.services;
  const ground = given.ground ?? (await askGround(server));
  const credentials = ground && (given.credentials ?? (await askCredentials(server)));
  const displayName = credentials && (await askDisplayName(server));
  if (!ground || !credentials || !displayName) return null;
  const account = { server: server.address, ground, credentials, displayName, deviceName: os.hostname() };
  const signedUp = (await valueOrTold(teams, async () => teams.signUp(account)))?.value;
  if (signedUp === undefined) return null;
  if (signedUp.kit === null) await showKit(library);
  else await presentKit(signedUp.kit, async () => ({ ok: true, value: null }));
  return signedUp.account;
}

async function askGround(server: ServerSummary): Promise<SignUpGround | null> {
  if (server.registration === 'open') return { kind: 'open' };
  const kind = await choose<'invite' | 'link'>(vscode.l10n.t('Make an Account'), [
    { label: vscode.l10n.t('I Was Invited to a Team'), value: 'invite' },
    { label: vscode.l10n.t('I Have a Link of Who Runs the Server'), value: 'link' },
  ]);
  if (kind === undefined) return null;
  const text = await askText({
    title: vscode.l10n.t('Make an Account'),
    prompt: kind === 'invite' ? vscode.l10n.t('The link or code of the invite.') : vscode.l10n.t('The link.'),
    password: true,
  });
  return text === undefined ? null : { kind, text };
}

const shortestPassword = 12;

async function askCredentials(server: ServerSummary): Promise<Credentials | null> {
  const email = await askEmail(server);
  if (email === undefined) return null;
  const password = await askText({
    title: server.address,
    prompt: vscode.l10n.t(
      'A password for signing in. It does not open your prompts: your devices and the recovery kit do.',
    ),
    password: true,
    problem: (text) =>
      text.length >= shortestPassword
        ? null
        : vscode.l10n.t('At least {0} characters.', String(shortestPassword)),
  });
  if (password === undefined) return null;
  const again = await askText({
    title: server.address,
    prompt: vscode.l10n.t('The password once more.'),
    password: true,
    problem: (text) => (text === password ? null : vscode.l10n.t('It is not the same.')),
  });
  return again === undefined ? null : { kind: 'password', email, password };
}

async function askDisplayName(server: ServerSummary): Promise<string | undefined> {
  return askText({
    title: server.address,
    prompt: vscode.l10n.t('Your name, as members of your teams see it. The server cannot read it.'),
  });
}
