// What journeys about servers and teams do, as a person does it.

import type { Locator } from 'playwright-core';
import type { EditorWindow } from '../editor/window.ts';

export const password = 'heron-lantern-basalt 7';

/** The status bar's entry for teams. */
export const statusEntry = (window: EditorWindow, words: string): Locator =>
  window.page.locator('[id="cuebook.cuebook.cuebook.sync"]').filter({ hasText: words });

export interface Person {
  readonly email: string;
  readonly name: string;
}

/** From the question for the email address to the kit, which is written down here too. */
export async function makeAccount(window: EditorWindow, who: Person): Promise<string> {
  await window.answer('Your email address', who.email);
  await window.answer('A password for signing in', password);
  await window.answer('The password once more', password);
  return nameAndKit(window, who.name);
}

/** Answers the code of the kit. */
export async function nameAndKit(window: EditorWindow, name: string): Promise<string> {
  await window.answer('Your name, as members', name);
  const dialog = window.dialog('Your recovery kit');
  const [code = ''] = await linesOf(dialog);
  await dialog.getByRole('button', { name: 'I Have Written It Down' }).click();
  await dialog.waitFor({ state: 'detached' });
  return code;
}

/** The lines below a dialog's message. */
export async function linesOf(dialog: Locator): Promise<readonly string[]> {
  const detail = await dialog.locator('.dialog-message-detail').innerText();
  return detail.split('\n').map((line) => line.trim());
}

/** What else is asked on the way to a server. */
export interface OnTheWay {
  /** Before its address is typed. */
  readonly before?: () => Promise<void>;
  /** Once it was reached. */
  readonly met?: () => Promise<void>;
}

/** By the link that the server prints at its first start. */
export async function signUpAsOwner(
  window: EditorWindow,
  server: { readonly address: string; readonly ownerLink: string },
  who: Person,
  { before, met }: OnTheWay = {},
): Promise<string> {
  await window.runCommand('Cuebook: Sign In to a Server…');
  await before?.();
  await window.answer('The address of your Cuebook server', server.address);
  await met?.();
  await window.pick('Make an Account');
  await window.pick('I Have a Link of Who Runs the Server');
  await window.answer('The link.', server.ownerLink);
  return makeAccount(window, who);
}

/** To the second step of signing in with a password: what the server answers to it. */
export async function signInWithPassword(
  window: EditorWindow,
  email: string,
  server: { readonly address: string },
  given = password,
): Promise<void> {
  await window.runCommand('Cuebook: Sign In to a Server…');
  await window.answer('The address of your Cuebook server', server.address);
  await window.pick('Sign In with a Password');
  await window.answer('Your email address', email);
  await window.answer('Your password', given);
}

export async function createTeam(window: EditorWindow, name: string): Promise<void> {
  await window.runCommand('Cuebook: Create a Team…');
  await window.answer('Its name, as members see it', name);
  await window.notification(`The team "${name}" is there`).waitFor();
}

/** For several people as editors; the code that the dialog shows. */
export async function inviteCode(window: EditorWindow): Promise<string> {
  await window.runCommand('Cuebook: Invite to a Team…');
  await window.pick('editor');
  await window.pick('For ten people');
  const dialog = window.dialog('An invite to');
  const [code = ''] = await linesOf(dialog);
  await dialog.getByRole('button', { name: 'Copy Code' }).click();
  await window.notification('Copied').waitFor();
  return code;
}

/** To the question how to sign in. */
export async function followInvite(
  window: EditorWindow,
  server: { readonly address: string },
  code: string,
): Promise<void> {
  await window.runCommand('Cuebook: Join a Team…');
  await window.answer('Paste the link or code', code);
  await window.answer('The address of your Cuebook server', server.address);
  await window.dialog('Join a team on').getByRole('button', { name: 'Join' }).click();
}

/** Ana, who owns the server, and Ben are in "Team of two". */
export async function startTeamOfTwo(
  server: { readonly address: string; readonly ownerLink: string },
  ana: EditorWindow,
  ben: EditorWindow,
): Promise<void> {
  await signUpAsOwner(ana, server, { email: 'ana@example.com', name: 'Ana' });
  await createTeam(ana, 'Team of two');
  const code = await inviteCode(ana);
  await followInvite(ben, server, code);
  await ben.pick('Make an Account');
  await makeAccount(ben, { email: 'ben@example.com', name: 'Ben' });
  await ben.treeRow('Team of two').waitFor();
}

/** The settings of the only team, and one of its rows. */
export async function teamSettings(window: EditorWindow, row: string): Promise<void> {
  await window.runCommand('Cuebook: Team Settings…');
  await window.pick(row);
}

export interface KeyToShare {
  /** As prompts name it. */
  readonly provider: string;
  readonly address: string;
  readonly key: string;
}

/** By an admin, for an OpenAI-compatible address; puts it in the place of one of this name. `shown`: each step. */
export async function shareKey(
  window: EditorWindow,
  { provider, address, key }: KeyToShare,
  shown: (step: 'confirm' | 'key') => Promise<unknown> = async () => undefined,
): Promise<void> {
  await teamSettings(window, 'Provider Keys of the Team…');
  await window.pick('Share a Key…');
  await window.pick('Another OpenAI-compatible address…');
  await window.answer('A short name for it', provider);
  await window.answer(`Address of ${provider}`, address);
  const dialog = window.dialog(`Share a key for ${provider}`);
  await dialog.waitFor();
  await shown('confirm');
  await dialog.getByRole('button', { name: 'Enter the Key…' }).click();
  await window.quickInput.getByText(`Key for ${provider}`).waitFor();
  await shown('key');
  await window.answer(`Key for ${provider}`, key);
  await window.notification(`The team has the key for ${provider}`).first().waitFor();
}
