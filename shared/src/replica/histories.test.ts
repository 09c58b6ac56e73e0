import { existsSync, readFileSync } from 'node:fs';
import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { createSuite } from '../crypto/suite.ts';
import { createTestRecordPort, createTestStore, createTestWindow } from './fixture.ts';
import { versions, versionText } from './history.ts';
import { saveText } from './saving.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts';

interface History {
  readonly name: string;
  readonly revisions: readonly { readonly body: string; readonly message: string }[];
}

// Real histories lie beside the repository (CONTRIBUTING.md); elsewhere a small one of our own stands in.
const file = new URL('../../../../shared/data/histories.json', import.meta.url);
const fallback: readonly History[] = [
  {
    name: 'example',
    revisions: ['one\n', '\uFEFFtwo\r\n', '', 'naïve “text” 🎭\n', 'no newline'].map((body) => ({
      body,
      message: body,
    })),
  },
];
const isThere = existsSync(file);
const histories = isThere ? (JSON.parse(readFileSync(file, 'utf8')) as readonly History[]) : fallback;

test(`every revision of ${histories.length} ${isThere ? 'real' : 'made-up'} histories comes back byte for byte`, () => {
  const suite = createSuite(nodeCrypto);
  const records = createTestRecordPort(suite);
  const store = createTestStore(records);
  const window = createTestWindow(suite, records, store);
  const written = histories.map(({ name, revisions }) => {
    const [first, ...rest] = revisions;
    const created = window.prompt({
      name,
      text: first?.body ?? '',
      message: first?.message ?? '',
      ifTaken: 'suffix',
    });
    const texts = [first?.body ?? ''];
    let base = created.revisionId;
    for (const { body: text, message } of rest) {
      const save = { id: created.id, text, base, message };
      const { kind, revisionId } = window.run((state, ports) => saveText(state, ports, save)).result;
      base = revisionId;
      if (kind === 'saved') texts.push(text);
    }
    return { id: created.id, texts };
  });
  const restarted = createTestWindow(suite, records, store);
  const rebuilt = restarted.catchUp();
  const packed = decodeSnapshot(encodeSnapshot(rebuilt), records.workspace);
  for (const state of [rebuilt, packed ?? rebuilt]) {
    for (const { id, texts } of written) {
      const listed = versions(state, id, { limit: 1000 });
      expect(listed.map((version) => version.number)).toEqual(texts.map((_, index) => texts.length - index));
      const read = listed.map(({ revisionId }) => versionText(state, restarted.ports, { id, revisionId }));
      expect(read.toReversed()).toEqual(texts);
    }
  }
}, 60_000);
