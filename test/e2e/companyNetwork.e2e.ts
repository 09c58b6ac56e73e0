import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { launchEditor } from '../editor/launchEditor.ts';
import { createCertificateAuthority } from '../models/certificates.ts';
import { startModelServer } from '../models/modelServer.ts';
import { startProxyServer } from '../models/proxyServer.ts';
import { startTlsEndpoint } from '../models/tlsEndpoint.ts';
import { addKey } from './steps.ts';

const host = 'models.company.test';
const key = 'sk-proj-company-0123456789abcdefghijmno3';
const prompt = '---\nmodel: openai/gpt-4.1\n---\nRepeat: {{selection}}\n';

test("runs and key tests go through the company's proxy and trust its certificates, as VS Code is configured", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-company-'));
  stack.defer(async () => rm(folder, { recursive: true, force: true }));
  const authority = await createCertificateAuthority('Company inspection');
  const certificates = path.join(folder, 'company.pem');
  await writeFile(certificates, authority.certificate);
  const models = stack.use(await startModelServer());
  models.answer({ text: 'Answered through the proxy.' });
  const endpoint = stack.use(await startTlsEndpoint({ authority, host, upstream: models.url }));
  const proxy = stack.use(await startProxyServer({ routes: { [`${host}:443`]: endpoint } }));
  const editor = stack.use(
    await launchEditor({
      label: 'company-network',
      folder: { 'notes.txt': 'Say it.\nOr do not.\n' },
      // What the operating system trusts, for this process.
      env: { SSL_CERT_FILE: certificates },
      settings: { 'http.proxy': proxy.url },
      machineSettings: {
        'cuebook.providerAddresses': { openai: `https://${host}/v1` },
      },
    }),
  );
  const { window } = editor;

  await addKey(window, 'OpenAI', key);
  await window.notification('is stored').getByRole('button', { name: 'Test It' }).click();
  await window.notification('OpenAI answers').waitFor();
  await window.screenshot('company-network-key-tested');

  expect(new Set(proxy.tunnels)).toEqual(new Set([`${host}:443`]));

  await window.runCommand('Cuebook: New Prompt…');
  await window.answer('Slashes make folders', 'say-it');
  await window.tab('say-it').waitFor();
  // Only once the new document is in the editor does what is typed go there.
  await expect.poll(async () => window.editorText()).toContain('Explain what this does');
  await window.typeOver(prompt);
  await expect.poll(async () => window.editorText()).toBe(prompt);
  await window.save();
  await window.openFile('notes.txt');
  await window.selectLines(1, 1);
  await window.page.keyboard.press('Control+Alt+R');
  await window.pick('say-it', 'say-it');
  await window.webview().getByTestId('answer').getByText('Answered through the proxy.').waitFor();
  await window.screenshot('company-network-answered');

  expect(JSON.stringify(models.requests().at(-1)?.body)).toContain('Repeat: Say it.');
  expect(new Set(proxy.tunnels)).toEqual(new Set([`${host}:443`]));
  expect(proxy.seen().includes(key)).toBe(false);
  expect(await editor.complaints()).toEqual([]);
});
