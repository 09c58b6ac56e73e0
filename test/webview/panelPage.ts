// The run panel in a real browser, without VS Code: the bundle as it is shipped, under the page's own content security
// policy, with a stand-in for the extension host. Every request of the page is answered here and recorded.

import path from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { panelHtml } from '../../extension/src/run/panelHtml.ts';
import type {
  HostMessage,
  PanelRequest,
  PanelState,
  RunView,
} from '../../extension/src/run/panelProtocol.ts';
import { themes, type ThemeName } from './themes.ts';

const extension = path.join(import.meta.dirname, '..', '..', 'extension');
const origin = 'https://panel.invalid';
const nonce = 'bm9uY2Vmb3J0ZXN0cw';

type PanelTranslations = Readonly<Record<string, string>>;

export interface PanelFiles {
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export async function buildPanel(): Promise<PanelFiles> {
  const result = await build({
    absWorkingDir: extension,
    bundle: true,
    minify: true,
    write: false,
    entryPoints: { main: 'src/webview/main.ts' },
    outdir: 'dist/webview',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    loader: { '.ttf': 'file' },
  });
  return { files: new Map(result.outputFiles.map((file) => [path.basename(file.path), file.contents])) };
}

export interface PanelPage extends AsyncDisposable {
  readonly page: Page;
  /** What the panel said to the host. */
  readonly said: PanelRequest[];
  /** Addresses that the page asked for, other than its own files. */
  readonly foreign: string[];
  /** Refusals of the content security policy and other errors of the page. */
  readonly errors: string[];
  tell(message: HostMessage): Promise<void>;
}

export async function openPanel(
  browser: Browser,
  panel: PanelFiles,
  options: {
    readonly theme?: ThemeName;
    readonly width?: number;
    readonly height?: number;
    readonly translations?: PanelTranslations;
  } = {},
): Promise<PanelPage> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 420, height: options.height ?? 760 },
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const said: PanelRequest[] = [];
  const foreign: string[] = [];
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
  });
  await page.exposeFunction('hostHears', (request: PanelRequest) => void said.push(request));
  await page.addInitScript(() => {
    const hears = Reflect.get(globalThis, 'hostHears') as (request: unknown) => void;
    Reflect.set(globalThis, 'acquireVsCodeApi', () => ({ postMessage: hears }));
  });
  await context.route('**/*', async (route) => {
    const url = new URL(route.request().url());
    const body =
      url.origin === origin
        ? bodyOf(url.pathname, panel, {
            theme: options.theme ?? 'dark',
            translations: options.translations ?? {},
          })
        : null;
    if (body === null) {
      foreign.push(url.href);
      await route.abort();
      return;
    }
    await route.fulfill({ body: Buffer.from(body.bytes), contentType: body.type });
  });
  await page.goto(`${origin}/`);
  await page.locator('cuebook-run-panel').waitFor({ state: 'attached' });
  return {
    page,
    said,
    foreign,
    errors,
    tell: async (message) => {
      await page.evaluate((message) => window.postMessage(message, '*'), message);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    },
    [Symbol.asyncDispose]: async () => context.close(),
  };
}

function bodyOf(
  pathname: string,
  panel: PanelFiles,
  { theme, translations }: { readonly theme: ThemeName; readonly translations: PanelTranslations },
): { readonly bytes: Uint8Array; readonly type: string } | null {
  if (pathname === '/')
    return { bytes: new TextEncoder().encode(pageOf(theme, translations)), type: 'text/html' };
  if (pathname === '/theme.css')
    return { bytes: new TextEncoder().encode(themeCss(theme)), type: 'text/css' };
  const bytes = panel.files.get(pathname.slice(1));
  if (bytes === undefined) return null;
  const types: Readonly<Record<string, string>> = {
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.ttf': 'font/ttf',
  };
  return { bytes, type: types[path.extname(pathname)] ?? 'application/octet-stream' };
}

function pageOf(theme: ThemeName, translations: PanelTranslations): string {
  const page = panelHtml({
    script: `${origin}/main.js`,
    style: `${origin}/main.css`,
    source: origin,
    nonce,
    language: 'de',
    translations,
  });
  return page
    .replace('</head>', `<link rel="stylesheet" href="${origin}/theme.css"></head>`)
    .replace('<body>', `<body class="${themes[theme].kind}">`);
}

function themeCss(theme: ThemeName): string {
  const values = Object.entries(themes[theme].values).map(([name, value]) => `--vscode-${name}: ${value};`);
  return `:root { ${values.join(' ')} } body { background: var(--vscode-sideBar-background); }`;
}

export function stateWith(run: Partial<RunView> | null, others: Partial<PanelState> = {}): HostMessage {
  return {
    type: 'state',
    state: {
      run: run === null ? null : { ...exampleRun, ...run },
      history: { enabled: true, query: '', runs: [], more: false },
      question: null,
      shortcuts: {
        run: 'Ctrl+Alt+R',
        stop: 'Escape',
        rerun: 'Ctrl+Alt+Shift+R',
        replace: 'Ctrl+Alt+Enter',
        copy: 'Ctrl+Alt+C',
      },
      ...others,
    },
  };
}

const exampleRun: RunView = {
  runKey: 1,
  promptName: 'Review the selection',
  version: 'v3',
  model: 'anthropic/claude-sonnet-4-5',
  parameters: { temperature: 0.2, maxOutputTokens: 1200 },
  inputs: [
    { name: 'focus', value: 'security', source: 'asked' },
    {
      name: 'selection',
      value: 'export function add(a: number, b: number) {\n  return a - b;\n}',
      source: 'add.ts',
    },
  ],
  messages: [
    { role: 'system', content: 'You review code. Say what is wrong, where, and how to mend it.' },
    {
      role: 'user',
      content: 'Look for security in this typescript:\n\nexport function add(a: number, b: number) {',
    },
  ],
  answer: '',
  reasoning: '',
  phase: 'done',
  startedAt: 1_763_800_000_000,
  firstTokenMs: 420,
  totalMs: 3210,
  usage: { inputTokens: 812, outputTokens: 164, cost: 0.0049, estimated: false },
  notices: [],
  failure: null,
  targets: { replace: true, replaceReason: '' },
  past: false,
};
