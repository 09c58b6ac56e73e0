// What VS Code and the extensions complained about: log files of the server and the extension host, and the console of
// the page. A journey ends with `complaints(...)` being empty.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { filesBelow } from './server.ts';

export interface LogLine {
  /** Where it was found: a log file's name, or `console`. */
  readonly source: string;
  readonly level: 'warning' | 'error';
  /** The line and what belongs to it (a stack). */
  readonly text: string;
}

interface Noise {
  readonly pattern: RegExp;
  /** Why this is VS Code's own and no sign of a fault of ours. */
  readonly because: string;
}

/** What this VS Code says of itself and its own extensions, each with the reason why it is none of ours. */
const noise: readonly Noise[] = [
  {
    pattern: /Failed to load resource: the server responded with a status of 404/,
    because: 'vsda, a module of Microsoft that signs connections, is not part of code-server',
  },
  {
    pattern: /The web worker extension host is started in a same-origin iframe/,
    because: 'code-server has no second origin for web workers',
  },
  {
    pattern: /An iframe which has both allow-scripts and allow-same-origin for its sandbox attribute/,
    because: 'Chromium about the frames in which VS Code itself puts web workers and webviews',
  },
  {
    pattern: /Timed out waiting for authentication provider 'github' to register/,
    because: "VS Code looks for a GitHub account; its GitHub extension is not among the tests' builtins",
  },
  {
    pattern: /Activating extension 'vscode\.[\w-]+' failed: Not Found/,
    because: 'the page lists all builtin extensions, and the tests load a few',
  },
  {
    pattern: /Creation of workbench contribution '[\w.]+' took \d+ms/,
    because: 'VS Code measures itself; the machine was busy',
  },
  { pattern: /Time limit reached when tokenizing line/, because: 'the same, for highlighting' },
  {
    pattern: /Could not identify extension for 'vscode' require call from \S+suites-\d+\.cjs/,
    because: 'the bundle of the tests in the extension host belongs to no extension',
  },
  {
    pattern: /\[lifecycle\] Long running operations during shutdown are unsupported in the web/,
    because: 'VS Code says so at every reload in a browser',
  },
  {
    pattern: /Unload veto: pending backups/,
    because: 'a reload while VS Code still writes a backup: it waits for it',
  },
  {
    pattern: /No search provider registered for scheme: vscode-remote, waiting/,
    because: 'Ctrl+P pressed before the extension host is up',
  },
  {
    pattern: /Unable to write file 'vscode-log:\S+ \(Error: IndexedDB database 'vscode-web-db' is closed/,
    because: 'a reload closes the database in which the page keeps its own log',
  },
  {
    pattern: /InvalidStateError: Failed to execute 'abort' on 'IDBTransaction': The transaction has finished/,
    because: 'a reload disposes of what the page was just writing to its own database, which had ended',
  },
  {
    pattern: /RequestStore#acceptReply was called without receiving a matching request/,
    because: "VS Code's terminals: two windows of one folder ask the same process",
  },
  {
    pattern: /EEXIST: file already exists, open '\S+\/workspaceStorage\/\S+\/vscode\.lock'/,
    because: 'VS Code gives the second window of a folder a storage folder of its own',
  },
  {
    pattern: /Unable to resolve nonexistent file 'vscode-remote:\S+\/User\/Backups\//,
    because: 'two windows of one folder share its backups: one deletes what the other is about to look at',
  },
  {
    pattern: /Aborted onWillSaveTextDocument-event after 1750ms/,
    because: 'VS Code measures itself: nothing of ours makes a save wait; the machine was busy',
  },
  {
    pattern: /Illegal argument: TextEditor\(vs\.editor\.ICodeEditor/,
    because: "VS Code's merge-conflict extension decorates an editor that the merge editor has just replaced",
  },
  {
    pattern: /CachedConfigurations\S+' \(Canceled: Canceled\)/,
    because: "a reload interrupts VS Code's writing of its own cache of settings",
  },
  {
    pattern: /Canceled: Canceled\)?(?:\s+at [^\n]*(?:workbench\.js:\d+:\d+\)?|<anonymous>\)?))+\s*$/,
    because:
      'a reload interrupts what the page was doing or reading; every frame of the stack is VS Code’s own',
  },
  {
    pattern: /\[File Watcher \(node\.js\)\] Watcher shutdown because watched path got deleted/,
    because: 'a test deletes the folder it exported to, which VS Code still watched',
  },
  {
    pattern: /created a webview without a content security policy/,
    because:
      'VS Code can load the empty page of a view between being told its options and its text; panelHtml.test.ts holds the policy of ours',
  },
  {
    pattern: /No tree item with id '[^']+' found/,
    because:
      'the page asks for what is below a row that a refresh has just replaced, and asks again with the new row',
  },
  {
    pattern: /\[CHAT\] extension request ERRORED in STREAM Quota exceeded/,
    because: "VS Code reports the error that the test's second extension throws on purpose",
  },
];

/** Warnings and errors in the log files below a profile, VS Code's own noise taken out. */
export async function logComplaints(profile: string): Promise<readonly LogLine[]> {
  const files = (await filesBelow(path.join(profile, 'logs'))).filter((file) => file.endsWith('.log'));
  const lines = await Promise.all(
    files.map(async (file) => complaintsIn(path.basename(file), await readFile(file, 'utf8'))),
  );
  return lines.flat().filter(isOurs);
}

/** Log entries start with a time; lines without one belong to the entry before. */
function complaintsIn(source: string, text: string): readonly LogLine[] {
  const entries = text.split(/^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \[)/m);
  return entries.flatMap((entry) => {
    const level = /^\S+ \S+ \[(warning|error|critical)\]/.exec(entry)?.[1];
    if (level === undefined) return [];
    return [{ source, level: level === 'warning' ? 'warning' : 'error', text: entry.trim() } as const];
  });
}

function isOurs(line: LogLine): boolean {
  return !noise.some(({ pattern }) => pattern.test(line.text));
}

/** Collects the console of a page from now on. */
export function watchConsole(page: Page): () => readonly LogLine[] {
  const lines: LogLine[] = [];
  page.on('console', (message) => {
    const type = message.type();
    if (type === 'warning' || type === 'error') {
      lines.push({ source: 'console', level: type, text: message.text() });
    }
  });
  page.on('pageerror', (error) => {
    lines.push({ source: 'console', level: 'error', text: error.stack ?? error.message });
  });
  return () => lines.filter(isOurs);
}
