// Nothing that a user writes can be read from the library's folder: unmistakable texts are planted as everything that
// is content, and every byte of the folder is searched for them.

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { LibraryCalls, RunId } from '../../extension/src/library/api.ts';
import { findCanaries, findForms, formsOf, formsOfBytes } from './canary.ts';
import { openInProcess } from './openInProcess.ts';
import { createTestFolder, createTestSecrets, valueOf } from './openTestLibrary.ts';

vi.setConfig({ testTimeout: 60_000 });

const canaryOf = (word: string): string => `Canary-${word}-7q2Zx9vT4mWb`;

const planted = {
  body: canaryOf('body'),
  oldBody: canaryOf('oldBody'),
  draft: canaryOf('draft'),
  name: canaryOf('name'),
  folder: canaryOf('folder'),
  renamed: canaryOf('renamed'),
  description: canaryOf('description'),
  tag: canaryOf('tag'),
  message: canaryOf('message'),
  input: canaryOf('input'),
  question: canaryOf('question'),
  answer: canaryOf('answer'),
  memoryKey: canaryOf('memoryKey'),
  memory: canaryOf('memory'),
  trashed: canaryOf('trashed'),
  purged: canaryOf('purged'),
} as const;
const canaries = Object.values(planted);

test('the search finds a planted text in each form, wherever it lies in the file', () => {
  for (const { form, bytes } of formsOf(planted.body)) {
    using folder = createTestFolder();
    for (const before of [0, 1, 2, 4095]) {
      const file = join(folder.path, `file${before}`);
      writeFileSync(file, Buffer.concat([Buffer.alloc(before, 'z'), bytes, Buffer.from('after')]));
      expect(
        findCanaries(folder.path, [planted.body]).map((found) => [found.file, found.form]),
      ).toContainEqual([file, form]);
      writeFileSync(file, '');
    }
  }
});

test.each([0, 1, 2])(
  'the search finds a text inside base64 of something longer, %i bytes into it',
  (offset) => {
    using folder = createTestFolder();
    const longer = Buffer.concat([
      Buffer.alloc(30 + offset, 'q'),
      Buffer.from(planted.body),
      Buffer.from('and so on'),
    ]);
    writeFileSync(join(folder.path, 'file'), longer.toString('base64'));
    expect(findCanaries(folder.path, [planted.body]).map((found) => found.form)).toContain(
      `base64+${offset}`,
    );
  },
);

test('nothing that is content can be read from the folder, open or closed, nor from the log', async () => {
  using folder = createTestFolder();
  const secrets = createTestSecrets();
  const lines: string[] = [];
  {
    await using opened = openInProcess({ folder: folder.path, secrets });
    await plant(opened.calls);
    // With the write-ahead log and its shared memory beside the database.
    expect(readdirSync(join(folder.path, 'store'))).toContain('library.db-wal');
    expect(findCanaries(folder.path, canaries)).toEqual([]);
    lines.push(...opened.log, ...opened.changes.map((change) => JSON.stringify(change)));
  }
  expect(findCanaries(folder.path, canaries)).toEqual([]);
  const secret = [...secrets.values.values()].join('\n');
  for (const canary of canaries) expect(lines.join('\n') + secret).not.toContain(canary);

  // They are all there, for who has the key.
  await using again = openInProcess({ folder: folder.path, secrets });
  expect(valueOf(await again.calls.search(planted.body, 9))).toHaveLength(1);
  expect(valueOf(await again.calls.runs({ query: planted.answer, limit: 9 }))).toHaveLength(1);
  expect(valueOf(await again.calls.recall(planted.memoryKey))).toBe(planted.memory);
});

test('the keys themselves are nowhere in the folder', async () => {
  using folder = createTestFolder();
  const secrets = createTestSecrets();
  await using opened = openInProcess({ folder: folder.path, secrets });
  await plant(opened.calls);
  const { code } = valueOf(await opened.calls.recoveryKit());
  const [secret = ''] = [...secrets.values.values()];
  const bytes = Buffer.from(secret.replace(/^v1\./, ''), 'base64url');
  expect(bytes).toHaveLength(64);
  for (const key of [bytes.subarray(0, 32), bytes.subarray(32)]) {
    expect(findForms(folder.path, formsOfBytes(key))).toEqual([]);
  }
  expect(findCanaries(folder.path, [secret.slice(3), code, code.replaceAll('-', '')])).toEqual([]);
});

async function plant(calls: LibraryCalls): Promise<void> {
  const status = await calls.status();
  const [workspace] = status.kind === 'ready' ? status.workspaces : [];
  if (workspace === undefined) throw new Error(`not ready: ${JSON.stringify(status)}`);
  const workspaceId = workspace.id;
  const head = `---\ndescription: ${planted.description}\ntags: [${planted.tag}]\n---\n`;
  const make = async (name: string, text: string) => {
    const prompt = { workspaceId, folderId: null, path: [planted.folder], name, text };
    const [made] = valueOf(await calls.createPrompts([prompt]));
    if (made === undefined) throw new Error('one prompt was asked for');
    return valueOf(await calls.read(made.id));
  };
  const { id, revisionId } = await make(planted.name, `${head}${planted.oldBody}\n`);
  valueOf(
    await calls.save(id, { text: `${head}${planted.body}\n`, base: revisionId, message: planted.message }),
  );
  valueOf(await calls.rename(id, planted.renamed));
  const drafted = await make('drafted', 'x');
  valueOf(await calls.saveDraft(drafted.id, { text: planted.draft, base: drafted.revisionId }));
  const trashed = await make('trashed', planted.trashed);
  const purged = await make('purged', planted.purged);
  valueOf(await calls.trash([trashed.id, purged.id]));
  valueOf(await calls.purge([purged.id]));
  valueOf(await calls.remember(planted.memoryKey, planted.memory));
  valueOf(
    await calls.addRun({
      id: 'b'.repeat(26) as RunId,
      promptId: id,
      promptName: planted.name,
      revisionId,
      model: 'openai/gpt-5',
      parameters: {},
      inputs: { focus: planted.input },
      messages: [{ role: 'user', content: planted.question }],
      output: planted.answer,
      status: 'done',
      failure: null,
      startedAt: 1,
      firstTokenMs: 1,
      totalMs: 2,
      usage: { inputTokens: 1, outputTokens: 1, cost: null, estimated: false },
    }),
  );
}
