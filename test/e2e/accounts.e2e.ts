// One person with two devices and two servers, and somebody who signs in through an identity provider: a certificate that
// nobody vouches for, a second factor, a device that is approved and one that is taken out, personal prompts on a server, a
// team that is handed over, left and deleted, signing out and in, and a server that comes back from yesterday's backup.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { generateTOTP } from '@oslojs/otp';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { OIDC_RETURN_PATH } from '@cuebook/server/accounts/api';
import { base32ToBytes } from '@cuebook/shared/encoding/base32';
import { artefactsFolder } from '../../tools/root.ts';
import { launchEditor, type Editor } from '../editor/launchEditor.ts';
import type { EditorWindow } from '../editor/window.ts';
import { openWire, type Wire } from '../editor/wire.ts';
import { createCertificateAuthority } from '../models/certificates.ts';
import { startProvider } from '../server/accounts/provider.ts';
import { openLine } from '../sync/line.ts';
import { startServerProcess, type ServerProcess } from '../sync/serverProcess.ts';
import { openPrompt, showLibrary, writePrompt } from './steps.ts';
import {
  createTeam,
  followInvite,
  inviteCode,
  linesOf,
  nameAndKit,
  password,
  signUpAsOwner,
  statusEntry,
} from './teamSteps.ts';

const ana = { email: 'ana@example.com', name: 'Ana' };
const company = 'Their Company';

test('a server that nobody vouches for, a second factor, a new device approved by code and taken out again', async () => {
  await using stack = new AsyncDisposableStack();
  // Behind a certificate of an authority that no computer knows.
  const wire = stack.use(await openWire(await createCertificateAuthority('At home')));
  const server = stack.use(await startServerProcess({ origin: wire.address }));
  wire.leadTo(server.port);
  const [first, second] = [stack.use(await open('devices-first')), stack.use(await open('devices-second'))];
  const [a, b] = [first.window, second.window];

  const kit = await signUpAsOwner(a, server, ana, {
    met: async () => trustCertificate(a, 'accounts-01-certificate'),
  });
  await writePrompt(a, 'mine', 'Written on the first device.\n');
  await a.runCommand('Cuebook: Put Personal Prompts on a Server…');
  const attaching = a.dialog('Put your personal prompts on');
  await attaching.waitFor();
  await a.screenshot('accounts-02-personal-prompts');
  await attaching.getByRole('button', { name: 'Put Them There' }).click();
  const recovery = await setUpSecondFactor(a);

  await writePrompt(b, 'offline', 'Written before any server.\n');
  await signInOnNewDevice(b, server, recovery.pop() ?? '');
  await approve(a, b);
  await b.treeRow('mine').waitFor();
  await openPrompt(b, 'mine');
  await b.untilText((text) => text === 'Written on the first device.\n');
  // What was here before stays as it was, beside it.
  await openPrompt(b, 'offline');
  await b.untilText((text) => text === 'Written before any server.\n');
  await b.screenshot('accounts-07-two-personal');
  await copyToServer(a, b);

  await takeOut(a, b, { kit, wire });
  await isTold(b, server, recovery.pop() ?? '');
  expect(await first.complaints()).toEqual([]);
  expect(await second.complaints()).toEqual([]);
});

test('who signs in through an identity provider joins a team, is handed it, and deletes it', async () => {
  await using stack = new AsyncDisposableStack();
  const server = await startWithProvider(stack);
  const [first, second] = [stack.use(await open('provider-first')), stack.use(await open('provider-second'))];
  const [a, b] = [first.window, second.window];
  await signUpAsOwner(a, server, ana);
  await createTeam(a, 'Design');
  await joinThroughProvider(b, server, await inviteCode(a));
  await handOverAndLeave(a, b);
  await deleteTeam(b);
  expect(await first.complaints()).toEqual([]);
  expect(await second.complaints()).toEqual([]);
});

test('one person on two servers at once, signing out and in, and a server that comes back from yesterday', async () => {
  await using stack = new AsyncDisposableStack();
  const [home, work] = [stack.use(await startServerProcess()), stack.use(await startServerProcess())];
  const editor = stack.use(await open('two-servers'));
  const { window } = editor;
  await signUpAsOwner(window, home, ana);
  await onTwoServers(window, work);
  await signOutAndIn(window, home);
  await yesterday(window, work);
  expect(await editor.complaints()).toEqual([]);
});

async function open(label: string): Promise<Editor> {
  const editor = await launchEditor({ label, folder: { 'notes.txt': 'notes\n' } });
  await showLibrary(editor.window);
  return editor;
}

/** Once, after comparing the fingerprint. */
async function trustCertificate(window: EditorWindow, screenshot: string): Promise<void> {
  const dialog = window.dialog('shows a certificate that only you can check');
  await dialog.waitFor();
  await window.screenshot(screenshot);
  await dialog.getByRole('button', { name: 'It Is the Same: Trust It' }).click();
}

/** A server with an identity provider beside it, which knows Ben. */
async function startWithProvider(stack: AsyncDisposableStack): Promise<ServerProcess> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-provider-'));
  stack.defer(async () => rm(folder, { recursive: true, force: true }));
  // The provider has to know where the server will be.
  const line = stack.use(await openLine());
  const people = { ben: { email: 'ben@example.com', verified: true } };
  const returnTo = `http://127.0.0.1:${line.port}${OIDC_RETURN_PATH}`;
  // A remote window forwards 127.0.0.1 to an address of its own, where a provider's pages do not find each other.
  const provider = stack.use(await startProvider(returnTo, people, {}, '127.0.0.2'));
  const { issuer, clientId, clientSecret } = provider;
  const file = path.join(folder, 'providers.json');
  await writeFile(file, JSON.stringify([{ id: 'company', name: company, issuer, clientId, clientSecret }]));
  return stack.use(await startServerProcess({ line, environment: { CUEBOOK_OIDC: file } }));
}

/** Answers the recovery codes. */
async function setUpSecondFactor(window: EditorWindow): Promise<string[]> {
  await window.runCommand('Cuebook: Manage Account…');
  await window.quickInput.getByText('Change My Name').waitFor();
  await window.screenshot('accounts-03-account');
  await window.pick('Set Up a Second Factor');
  const dialog = window.dialog('A second factor');
  const secret = (await linesOf(dialog))[2] ?? '';
  const key = base32ToBytes(secret.toLowerCase());
  if (key === null) throw new Error(`not base32: ${secret}`);
  await window.screenshot('accounts-04-second-factor');
  await dialog.getByRole('button', { name: 'Go On', exact: true }).click();
  await window.answer('The code of your authenticator app', generateTOTP(key, 30, 6));
  const shown = window.dialog('Your recovery codes');
  const codes = (await linesOf(shown)).slice(2);
  await shown.getByRole('button', { name: 'I Have Written Them Down' }).click();
  return codes;
}

async function signInOnNewDevice(window: EditorWindow, server: ServerProcess, code: string): Promise<void> {
  await window.runCommand('Cuebook: Sign In to a Server…');
  await window.answer('The address of your Cuebook server', server.address);
  await trustCertificate(window, 'accounts-05-certificate-again');
  await window.pick('Sign In with a Password');
  await window.answer('Your email address', ana.email);
  await window.answer('Your password', password);
  await window.answer(/^(?!.*not right).*The code of your authenticator app/s, '000000');
  await window.answer('That code was not right', code);
}

async function approve(old: EditorWindow, added: EditorWindow): Promise<void> {
  await added.pick('With Another Device of Mine');
  // Asked too early, it says what to do on the other one first.
  const early = added.notification('No approval has been started');
  await early.waitFor();
  await old.runCommand('Cuebook: Approve New Device…');
  await old.notification('Waiting for the new device').waitFor();
  await early.getByRole('button', { name: 'Try Again' }).click();
  const shown = added.dialog('Type this code on the other device');
  const code = await shown.locator('.dialog-message-text').innerText();
  await added.screenshot('accounts-06-approval');
  await old.answer('The code that the new device shows', code);
  await old.notification('The code was right').waitFor();
  await shown.getByRole('button', { name: 'The Other Device Accepted It' }).click();
}

/** What was here before is brought to the other devices by copying it. */
async function copyToServer(a: EditorWindow, b: EditorWindow): Promise<void> {
  await b.treeRow('offline').click({ button: 'right' });
  const menu = b.page.locator('.monaco-menu');
  await menu.getByRole('menuitem', { name: 'Move to Workspace…' }).waitFor();
  await b.screenshot('accounts-07b-menu');
  await menu.getByRole('menuitem', { name: 'Copy to Workspace…' }).click();
  await b.quickInput.getByText('Copy to Workspace').waitFor();
  await b.screenshot('accounts-07c-copy');
  await b.pick('127.0.0.1');
  await b.notification('Prompts copied to').waitFor();
  await a.treeRow('offline').waitFor();
  await openPrompt(a, 'offline');
  await a.untilText((text) => text === 'Written before any server.\n');
}

async function takeOut(
  a: EditorWindow,
  b: EditorWindow,
  { kit, wire }: { readonly kit: string; readonly wire: Wire },
): Promise<void> {
  await statusEntry(b, 'Cuebook').waitFor();
  const before = wire.sockets.filter(({ isOpen }) => isOpen).length;
  await a.runCommand('Cuebook: Show Devices…');
  await a.quickInput.getByText('this device').waitFor();
  await a.screenshot('accounts-08-devices');
  await a.pick(/^(?!.*this device)(?!.*Recovery kit).*since/s);
  await a.dialog('out of your account?').getByRole('button', { name: 'Take It Out' }).click();
  await a.pick('Now, with My Recovery Kit');
  await a.answer('The code on your sheet', kit);
  await a.notification('The device was taken out').waitFor();
  await statusEntry(b, 'Sign in again').waitFor();
  await b.screenshot('accounts-09-taken-out');
  expect(wire.sockets.filter(({ isOpen }) => isOpen).length).toBeLessThan(before);
}

/** Signing in again says why the session had ended; what was here stays. */
async function isTold(window: EditorWindow, server: ServerProcess, code: string): Promise<void> {
  await signInAgain(window, server, ana.email);
  await window.answer('The code of your authenticator app', code);
  await window
    .notification(/This device was taken out of your account on .* with the recovery kit/)
    .first()
    .waitFor();
  await statusEntry(window, 'This device was taken out').waitFor();
  await window.screenshot('accounts-10-told');
  await window.treeRow('mine').waitFor();
}

async function joinThroughProvider(window: EditorWindow, server: ServerProcess, code: string): Promise<void> {
  await followInvite(window, server, code);
  const browser = window.page.context().waitForEvent('page');
  await window.pick(`Sign In with ${company}`);
  await window.dialog('open the external website').getByRole('button', { name: 'Open', exact: true }).click();
  const shown = await signInInBrowser(await browser);
  await window.answer('The code that the page in the browser shows', shown);
  await nameAndKit(window, 'Ben');
  await window.treeRow('Design').waitFor();
  await window.screenshot('accounts-11-joined-by-provider');
}

/** A person at the provider's own pages; answers the code that the server's page shows in the end. */
async function signInInBrowser(page: Page): Promise<string> {
  await page.locator('input[name=login]').fill('ben');
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.locator('input[name=prompt][value=consent]').waitFor({ state: 'attached' });
  await page.locator('button[type=submit]').click();
  const code = page.locator('code').first();
  await code.waitFor();
  await page.screenshot({ path: path.join(artefactsFolder, 'screenshots', 'accounts-10-browser.png') });
  const text = await code.innerText();
  await page.close();
  return text.trim();
}

async function handOverAndLeave(a: EditorWindow, b: EditorWindow): Promise<void> {
  await a.runCommand('Cuebook: Show Members…');
  await a.pick('Ben');
  await a.pick('Hand the Team Over');
  await a.dialog('Hand "Design" over to Ben?').getByRole('button', { name: 'Hand It Over' }).click();
  await expect.poll(async () => rolesSeenBy(b)).toMatch(/Ben.*owner.*you/);
  await a.runCommand('Cuebook: Leave a Team…');
  await a.dialog('Leave "Design"?').getByRole('button', { name: 'Leave' }).click();
  await expect.poll(async () => rolesSeenBy(b)).not.toContain('Ana');
}

async function rolesSeenBy(window: EditorWindow): Promise<string> {
  await window.runCommand('Cuebook: Show Members…');
  await window.quickInput.getByText('Members of Design').waitFor();
  const rows = (await window.picks()).join('\n');
  await window.page.keyboard.press('Escape');
  return rows;
}

async function deleteTeam(window: EditorWindow): Promise<void> {
  await window.runCommand('Cuebook: Delete a Team…');
  await window.answer('Type the name of the team', 'Design');
  await window.notification('the team was deleted').waitFor();
  await window.setTheme('light');
  await window.screenshot('accounts-12-deleted');
}

/** An account and a team on each, at the same time. */
async function onTwoServers(window: EditorWindow, other: ServerProcess): Promise<void> {
  const work = { email: 'ana@work.example', name: 'Ana at work' };
  await signUpAsOwner(window, other, work, { before: async () => window.pick('Another Server…') });
  await window.runCommand('Cuebook: Create a Team…');
  await window.pick('ana@work.example');
  await window.answer('Its name, as members see it', 'Work');
  await window.treeRow('Work').waitFor();
  await writePrompt(window, 'early', 'In the backup.\n', 'Work');
  await statusEntry(window, 'Cuebook').click();
  await window.quickInput.getByText('Cuebook Teams').waitFor();
  await window.screenshot('accounts-13-two-servers');
  const rows = (await window.picks()).join('\n');
  expect(rows).toMatch(/ana@example\.com.*online/);
  expect(rows).toMatch(/ana@work\.example.*online/);
  await window.page.keyboard.press('Escape');
}

async function signOutAndIn(window: EditorWindow, home: ServerProcess): Promise<void> {
  await window.runCommand('Cuebook: Sign Out of a Server…');
  await window.pick(ana.email);
  await window.dialog('Sign out of').getByRole('button', { name: 'Sign Out' }).click();
  await statusEntry(window, 'Sign in again').waitFor();
  await signInAgain(window, home, ana.email);
  await statusEntry(window, 'Cuebook').waitFor();
}

/** What was written after the backup is put back by who has it, and the words say what happened. */
async function yesterday(window: EditorWindow, other: ServerProcess): Promise<void> {
  await other.backup();
  await writePrompt(window, 'late', 'Not in the backup.\n', 'Work');
  await statusEntry(window, 'Cuebook').waitFor();
  await other.stop();
  await other.restore();
  await other.start();
  await statusEntry(window, 'Sign in again').waitFor();
  await signInAgain(window, other, 'ana@work.example');
  await window.runCommand('Cuebook: Show Sync Log');
  await window.untilText((text) => text.includes('has again what everybody has'));
  await window.untilText((text) => text.includes('restored from a backup'));
  await window.setTheme('light');
  await window.screenshot('accounts-14-restored');
  await statusEntry(window, 'Cuebook').waitFor();
}

/** To the second step, on a server that is known here. */
async function signInAgain(window: EditorWindow, server: ServerProcess, email: string): Promise<void> {
  await window.runCommand('Cuebook: Sign In to a Server…');
  await window.pick(server.address);
  await window.pick('Sign In with a Password');
  await window.answer('Your email address', email);
  await window.answer('Your password', password);
}
