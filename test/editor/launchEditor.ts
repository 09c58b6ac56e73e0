// A real VS Code with the product in it, for one test: `await using editor = await launchEditor({ … })`.
// When it ends, each window is photographed and the logs are kept, so that a failure can be looked at.

import { cp, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { artefactsFolder } from '../../tools/root.ts';
import { findBrowser } from '../../tools/installBrowser.ts';
import { logComplaints, type LogLine } from './logs.ts';
import { copyProduct } from './product.ts';
import { startEditorServer, type EditorServer, type ServerOptions } from './server.ts';
import { openWindow, type EditorWindow } from './window.ts';

export interface LaunchOptions extends ServerOptions {
  /** Names what the test leaves in `artefacts/`: how each window looked at the end, and the log files. */
  readonly label: string;
  /** VS Code's display language. Its own words stay English: no language pack is there. */
  readonly language?: string;
  /** False: VS Code without Cuebook. */
  readonly product?: boolean;
}

export interface Editor extends AsyncDisposable {
  readonly server: EditorServer;
  readonly window: EditorWindow;
  /** Another window of the same profile, in the same browser. */
  openWindow(): Promise<EditorWindow>;
  /** A window of the same profile in a browser that knows nothing yet: no secrets, no remembered state. */
  openStrangerWindow(): Promise<EditorWindow>;
  /** Everything that VS Code or an extension complained about, VS Code's own noise taken out. */
  complaints(): Promise<readonly LogLine[]>;
}

export async function launchEditor(options: LaunchOptions): Promise<Editor> {
  await using stack = new AsyncDisposableStack();
  const extensions = [...(options.extensions ?? [])];
  if (options.product !== false) {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-product-'));
    stack.defer(async () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    extensions.push(await copyProduct(folder));
  }
  // Both take a second or more and know nothing of each other.
  const [server, browser] = await Promise.all([
    startEditorServer({ ...options, extensions }).then((server) => stack.use(server)),
    launchBrowser().then((browser) => stack.adopt(browser, async (browser) => browser.close())),
  ]);
  const windows: EditorWindow[] = [];
  const open = async (context: BrowserContext) => {
    const window = await openWindow(await context.newPage(), server);
    windows.push(window);
    return window;
  };
  const context = await newContext(browser, server);
  if (options.language !== undefined) await speak(context, options.language);
  const window = await open(context);
  const owned = stack.move();
  return {
    server,
    window,
    openWindow: async () => open(context),
    openStrangerWindow: async () => open(await newContext(browser, server)),
    async complaints() {
      const consoles = windows.flatMap((window) => window.consoleComplaints());
      return [...consoles, ...(await logComplaints(server.profile))];
    },
    async [Symbol.asyncDispose]() {
      await keepEvidence(options.label, server, windows);
      await owned.disposeAsync();
    },
  };
}

async function keepEvidence(
  label: string,
  server: EditorServer,
  windows: readonly EditorWindow[],
): Promise<void> {
  const folder = path.join(artefactsFolder, 'last', label);
  await rm(folder, { recursive: true, force: true });
  const kept = windows.map(async ({ page }, index) =>
    page.screenshot({ path: path.join(folder, `window${index + 1}.png`) }),
  );
  await Promise.allSettled([
    ...kept,
    cp(path.join(server.profile, 'logs'), path.join(folder, 'logs'), { recursive: true }),
  ]);
}

export async function launchBrowser(): Promise<Browser> {
  const found = findBrowser();
  if (!found.ok) throw new Error(found.problem);
  return chromium.launch({
    executablePath: found.path,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** What the words of a language pack set when the workbench loads them. */
async function speak(context: BrowserContext, language: string): Promise<void> {
  await context.addInitScript((name) => {
    Object.assign(globalThis, { _VSCODE_NLS_LANGUAGE: name });
  }, language);
}

async function newContext(browser: Browser, server: EditorServer): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin });
  return context;
}
