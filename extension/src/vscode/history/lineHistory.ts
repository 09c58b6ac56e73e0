// Which version each line of an open prompt comes from, asked of the library's worker for the text as it stands in the
// editor. One question at a time, only after the text has been quiet for a moment: typing never waits for it, and an
// answer about an older text is dropped.

import * as vscode from 'vscode';
import type { Library, PromptId, RevisionId } from '../../library/api.ts';
import type { Blame, BlameRun, VersionSummary } from '../../library/history.ts';
import { createDelayed } from '../language/delayed.ts';
import { createLatestOnly } from '../library/latestOnly.ts';
import { parsePromptUri } from '../promptUri.ts';

/** Where each line of one state of a document comes from. */
export interface LineOrigins {
  readonly promptId: PromptId;
  readonly documentVersion: number;
  /** The version that the text was compared with; null if there is none. */
  readonly newest: RevisionId | null;
  /** Neighbouring lines that one version introduced, in order, without gaps. */
  readonly blocks: readonly Block[];
}

export interface Block {
  readonly kind: BlameRun['kind'];
  /** Null unless `kind` is `version`. */
  readonly version: VersionSummary | null;
  readonly first: number;
  readonly last: number;
  /** Where the block begins in the text of its version. */
  readonly firstInVersion: number;
}

export interface LineHistory extends vscode.Disposable {
  /** Of the text as it is now; null until that is known. */
  of(document: vscode.TextDocument): LineOrigins | null;
  /** Asks soon, unless it is known and still right. */
  want(document: vscode.TextDocument): void;
  /** The library has other versions now: what is known of these prompts is asked again. Null: of all. */
  outdate(ids: readonly PromptId[] | null): void;
  readonly onDidChange: vscode.Event<vscode.TextDocument>;
}

/** How long a text is left alone before it is asked about: longer than between two keys of somebody who types. */
const quietMilliseconds = 300;

export function createLineHistory(
  library: Pick<Library, 'blame'>,
  failed: (error: unknown) => void,
): LineHistory {
  const known = new Map<string, LineOrigins>();
  const outdated = new Set<string>();
  const changed = new vscode.EventEmitter<vscode.TextDocument>();
  const delayed = createDelayed(quietMilliseconds, failed);

  const questions = createLatestOnly(
    async (document: vscode.TextDocument) => askFor(library, document),
    (origins, document) => {
      if (origins === null || origins.documentVersion !== document.version) return;
      known.set(keyOf(document), origins);
      outdated.delete(keyOf(document));
      changed.fire(document);
    },
  );
  const of = (document: vscode.TextDocument): LineOrigins | null => {
    const origins = known.get(keyOf(document));
    return origins?.documentVersion === document.version ? origins : null;
  };
  const closing = vscode.workspace.onDidCloseTextDocument((document) => {
    delayed.cancel(keyOf(document));
    known.delete(keyOf(document));
    outdated.delete(keyOf(document));
  });

  return {
    of,
    want(document) {
      if (of(document) !== null && !outdated.has(keyOf(document))) return;
      delayed.request(keyOf(document), async () => questions.ask(document));
    },
    outdate(ids) {
      for (const [key, { promptId }] of known) if (ids?.includes(promptId) ?? true) outdated.add(key);
    },
    onDidChange: changed.event,
    dispose: () => {
      questions.stop();
      vscode.Disposable.from(delayed, changed, closing).dispose();
    },
  };
}

function keyOf(document: vscode.TextDocument): string {
  return document.uri.toString();
}

async function askFor(
  library: Pick<Library, 'blame'>,
  document: vscode.TextDocument,
): Promise<LineOrigins | null> {
  const promptId = parsePromptUri(document.uri)?.id;
  if (promptId === undefined || document.isClosed) return null;
  const documentVersion = document.version;
  const answer = await library.blame(promptId, { text: document.getText() });
  if (!answer.ok) return null;
  const { revisionId: newest } = answer.value;
  return { promptId, documentVersion, newest, blocks: blocksOf(answer.value) };
}

function blocksOf({ runs, versions }: Blame): readonly Block[] {
  const byId = new Map<RevisionId, VersionSummary>(versions.map((version) => [version.revisionId, version]));
  return runs.map(({ kind, first, count, revisionId, firstInVersion }) => ({
    kind,
    version: (revisionId === null ? null : byId.get(revisionId)) ?? null,
    first,
    last: first + count - 1,
    firstInVersion,
  }));
}

/** The block that a line lies in; null for the empty line after the last break, and where nothing is known. */
export function blockAt(origins: LineOrigins | null, line: number): Block | null {
  return origins?.blocks.find(({ first, last }) => first <= line && line <= last) ?? null;
}
