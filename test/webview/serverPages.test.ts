// The server's few pages in a real browser: readable for everybody, and nothing that could run or ask for anything.

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import {
  backToEditorPage,
  codePage,
  failedPage,
  invitePage,
  oneTimePage,
  type Page as ServerPage,
} from '@cuebook/server/http/pages';
import { securityHeaders } from '@cuebook/server/http/securityHeaders';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../editor/launchEditor.ts';

const require = createRequire(import.meta.url);
const hostile = '"><script>document.title="run"</script><img src=x onerror=alert(1)>';

const pages: Readonly<Record<string, ServerPage>> = {
  invite: invitePage(`https://cuebook.example.com/join/${hostile}`),
  account: oneTimePage('account'),
  password: oneTimePage('password'),
  back: backToEditorPage(`vscode://cuebook.cuebook/signed-in?attempt=${hostile}`),
  code: codePage(`ABCD-EFGH${hostile}`),
  denied: failedPage('denied'),
  ended: failedPage('ended'),
};

describe('the server’s pages', () => {
  let browser: Browser;
  let server: Server;
  let origin = '';

  beforeAll(async () => {
    browser = await launchBrowser();
    server = createServer((request, response) => {
      const page = pages[(request.url ?? '').slice(1)];
      if (page === undefined) return void response.writeHead(404).end();
      const headers = Object.fromEntries(securityHeaders(false, page.policy));
      response
        .writeHead(page.status, { ...headers, 'Content-Type': 'text/html; charset=utf-8' })
        .end(page.html);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test.each(Object.keys(pages).flatMap((name) => [[name, 'light'] as const, [name, 'dark'] as const]))(
    '%s, %s: axe finds nothing, nothing is blocked or fetched, no script runs, no field asks',
    async (name, colorScheme) => {
      const page = await browser.newPage({ colorScheme, bypassCSP: false });
      const [said, asked]: [string[], string[]] = [[], []];
      page.on('console', (message) => said.push(message.text()));
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(`${origin}/${name}`);
      expect(await page.title()).toMatch(/ · Cuebook$/);
      expect(said.filter((text) => !text.includes('status of 400'))).toEqual([]);
      expect(asked.filter((url) => !url.endsWith('/favicon.ico'))).toEqual([`${origin}/${name}`]);
      expect(await page.locator('script, form, input, textarea, iframe, img, link').count()).toBe(0);
      // The style is really applied: its hash is the one that the policy names.
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(background).toBe(colorScheme === 'dark' ? 'rgb(13, 17, 23)' : 'rgb(255, 255, 255)');
      await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
      const violations = await page.evaluate(async () => {
        const axe = Reflect.get(globalThis, 'axe') as {
          run(): Promise<{ violations: readonly { id: string; help: string }[] }>;
        };
        return (await axe.run()).violations.map(({ id, help }) => `${id}: ${help}`);
      });
      expect(violations).toEqual([]);
      await page.close();
    },
  );

  test('the way back to the editor is a link that the keyboard reaches first', async () => {
    const page = await browser.newPage();
    await page.goto(`${origin}/back`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Go back to VS Code');
    await page.close();
  });
});
