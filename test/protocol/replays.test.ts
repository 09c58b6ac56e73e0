// Real histories and merges, replayed: every revision through seal → feed → open, and merges beside what people made of
// them. The figures stand in docs/merging.md, which this test writes and holds to what it counts.

import * as nodeCrypto from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createGroupKeys, deriveStreamKey } from '@cuebook/shared/crypto/groupKeys';
import { createSuite } from '@cuebook/shared/crypto/suite';
import {
  idFromBytes,
  idToBytes,
  type FeedHash,
  type GroupId,
  type RecordId,
  type RevisionId,
} from '@cuebook/shared/encoding/ids';
import { mergeDocuments } from '@cuebook/shared/format/merge';
import { FEED_START, nextPosition } from '@cuebook/shared/record/feed';
import { parseRecord, type FeedPosition } from '@cuebook/shared/record/header';
import { openRecord } from '@cuebook/shared/record/open';
import { decodePayload, encodePayload } from '@cuebook/shared/record/payloadCodec';
import type { ContentPayload } from '@cuebook/shared/record/payload';
import { sealRecord } from '@cuebook/shared/record/seal';
import { roleOfPayload, streamId } from '@cuebook/shared/record/streams';
import { recordIdOf, verifyRecord } from '@cuebook/shared/record/verify';
import { judgeRecord } from '@cuebook/shared/team/authority';
import { createSampleAccount, SampleTeam, unwrap } from '@cuebook/shared/team/sampleTeam';
import { afterAll, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

interface History {
  readonly name: string;
  readonly revisions: readonly { readonly body: string; readonly message: string }[];
}

interface RealMerge {
  readonly name: string;
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
  readonly merged: string;
}

// Real data lies beside the repository (CONTRIBUTING.md); elsewhere a small example of our own stands in.
const data = new URL('../../../shared/data/', import.meta.url);
const isThere = existsSync(new URL('histories.json', data));
if (!isThere)
  process.stdout.write(
    'No ../shared/data here: replays use a small example, docs/merging.md is not compared.\n',
  );

const example: readonly History[] = [
  {
    name: 'example',
    revisions: ['one\n', '\u{FEFF}two\r\n', '', 'naïve “text” 🎭\n', 'no newline'].map((body) => ({
      body,
      message: body,
    })),
  },
];
const read = <T>(name: string, otherwise: readonly T[]): readonly T[] =>
  isThere ? (JSON.parse(readFileSync(new URL(name, data), 'utf8')) as readonly T[]) : otherwise;
const histories = read<History>('histories.json', example);
const merges = read<RealMerge>('merges.json', []);
const revisions = histories.reduce((sum, history) => sum + history.revisions.length, 0);

// ---- seal → feed → open

const suite = createSuite(nodeCrypto);

test(`each of ${revisions} revisions in ${histories.length} histories comes back byte for byte, through seal, feed and open`, async () => {
  const [writer, reader] = [await createSampleAccount(suite), await createSampleAccount(suite)];
  const team = await SampleTeam.create(suite, writer);
  await team.add(writer, reader, 'viewer');
  const [device] = writer.devices;
  if (device === undefined) throw new Error('an account has a device');

  // The writer: one chain of records for each history, all in one feed.
  const feed: Uint8Array[] = [];
  const keys = createGroupKeys(suite, team.state.id, team.epochKeys);
  const streamKey = deriveStreamKey(suite, team.state.id, team.epochKey(1));
  let end: FeedPosition = FEED_START;
  for (const { revisions } of histories) {
    const group = idFromBytes<GroupId>(suite.random(16));
    const key = keys.keyOf(idToBytes(group), 1);
    if (key === null) throw new Error('the writer has the key');
    let parents: readonly RecordId[] = [];
    for (const { body, message } of revisions) {
      const payload: ContentPayload = {
        kind: 'content',
        revisionId: idFromBytes<RevisionId>(suite.random(16)),
        revisionKind: 'save',
        text: body,
        message,
        savedAt: feed.length,
        restoredFrom: null,
        references: [],
      };
      const draft = {
        flag: 'none',
        workspace: team.state.id,
        group,
        stream: streamId(streamKey, group, roleOfPayload(payload)),
        parents,
        epoch: 1,
        author: writer.id,
        device: device.id,
        counter: feed.length + 1,
        teamLog: team.state.head,
        seen: end,
      } as const;
      const record = sealRecord(
        suite,
        { group: key, sign: device.sign },
        draft,
        unwrap(encodePayload(payload)),
      );
      parents = [record.id];
      end = nextPosition(suite, end, record.id);
      feed.push(record.bytes);
    }
  }

  // The reader: nothing but the feed, the logs and its own keys.
  const positions: FeedHash[] = [FEED_START.feedHash];
  const tools = { accountAt: team.accountAt, feedHashAt: (seq: number) => positions[seq] ?? null };
  const heads = new Map<string, RecordId>();
  const texts = new Map<string, string[]>();
  let position: FeedPosition = FEED_START;
  for (const bytes of feed) {
    const record = unwrap(parseRecord(bytes));
    const id = recordIdOf(suite, record);
    const signer = unwrap(judgeRecord(tools, team.history, record.header, position.seq + 1));
    const verifier = suite.verifiers.of(signer.signPublic);
    if (verifier === null || !verifyRecord(suite, record, verifier)) throw new Error('does not verify');
    const { group, stream, parents } = record.header;
    expect(parents).toEqual(heads.has(stream) ? [heads.get(stream)] : []);
    heads.set(stream, id);
    position = nextPosition(suite, position, id);
    positions.push(position.feedHash);
    const key = keys.keyOf(record.groupBytes, record.epoch);
    if (key === null) throw new Error('the reader has the key');
    const payload = unwrap(decodePayload(unwrap(openRecord(suite, key, record))));
    if (payload.kind !== 'content') throw new Error('is content');
    texts.set(group, [...(texts.get(group) ?? []), payload.text]);
  }
  expect(position).toEqual(end);
  expect([...texts.values()]).toEqual(histories.map(({ revisions }) => revisions.map(({ body }) => body)));
});

// ---- merges

interface Fork {
  readonly name: string;
  readonly base: string;
  readonly mine: string;
  readonly theirs: string;
  /** What the people made of both sides. */
  readonly result: string;
}

interface Count {
  readonly n: number;
  readonly cleanEqual: number;
  readonly cleanDifferent: number;
  readonly conflict: number;
  /** Places in the conflicts. */
  readonly regions: number;
  /** Forks in which git sees a conflict. */
  readonly gitConflict: number;
}

type Outcome = 'cleanEqual' | 'cleanDifferent' | 'conflict';

function outcomeOf({ base, mine, theirs, result }: Fork): {
  readonly outcome: Outcome;
  readonly regions: number;
} {
  const merged = mergeDocuments({ base, mine, theirs });
  if (merged.kind === 'conflict') return { outcome: 'conflict', regions: merged.regions.length };
  return { outcome: merged.text === result ? 'cleanEqual' : 'cleanDifferent', regions: 0 };
}

const hasGit = spawnSync('git', ['--version']).status === 0;
const scratch = mkdtempSync(path.join(os.tmpdir(), 'cuebook-merges-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What `git merge-file` makes of it, or null for a conflict. */
function gitMerges({ base, mine, theirs }: Fork): string | null {
  const files = Object.entries({ mine, base, theirs }).map(([name, content]) => {
    const file = path.join(scratch, name);
    writeFileSync(file, content);
    return file;
  });
  const merged = spawnSync('git', ['merge-file', '-p', ...files], { encoding: 'utf8' });
  return merged.status === 0 ? merged.stdout : null;
}

function count(forks: readonly Fork[]): Count {
  const counts = {
    n: forks.length,
    cleanEqual: 0,
    cleanDifferent: 0,
    conflict: 0,
    regions: 0,
    gitConflict: 0,
  };
  for (const fork of forks) {
    const { outcome, regions } = outcomeOf(fork);
    counts[outcome] += 1;
    counts.regions += regions;
    counts.gitConflict += byGit.get(fork) === null ? 1 : 0;
  }
  return counts;
}

const realMerges = merges.map(({ name, base, ours, theirs, merged }): Fork => ({
  name,
  base,
  mine: ours,
  theirs,
  result: merged,
}));

/** Three revisions in a row, as if the second and third had both been written over the first. */
const triples: readonly Fork[] = histories.flatMap(({ name, revisions }) =>
  revisions.slice(2).flatMap(({ body: theirs }, index): readonly Fork[] => {
    const [base, mine] = [revisions[index]?.body, revisions[index + 1]?.body];
    return base === undefined || mine === undefined ? [] : [{ name, base, mine, theirs, result: theirs }];
  }),
);
/** The same with the sides exchanged: which side is mine must not change what is decided. */
const exchanged = triples.map(({ mine, theirs, ...fork }): Fork => ({ ...fork, mine: theirs, theirs: mine }));

/** Two revisions in a row, the second also taken back by a third person: mine goes on, theirs undoes. */
const undone: readonly Fork[] = histories.flatMap(({ name, revisions }) =>
  revisions.slice(2).flatMap(({ body: mine }, index): readonly Fork[] => {
    const [theirs, base] = [revisions[index]?.body, revisions[index + 1]?.body];
    return base === undefined || theirs === undefined ? [] : [{ name, base, mine, theirs, result: mine }];
  }),
);

/** Null: a conflict. Empty where there is no git. */
const byGit = new Map<Fork, string | null>(
  hasGit ? [...realMerges, ...triples].map((fork) => [fork, gitMerges(fork)] as const) : [],
);

/** A byte order mark belongs to the text, not to its first line. */
const linesOf = (text: string): ReadonlySet<string> => new Set(text.replace(/^\uFEFF/, '').split(/\r?\n/));

/** Lines that somebody had and nobody took out, and that are not in the result: there must be none. */
function lostLines({ base, mine, theirs }: Fork): readonly string[] {
  const merged = linesOf(mergeDocuments({ base, mine, theirs }).text);
  const sides = { base: linesOf(base), mine: linesOf(mine), theirs: linesOf(theirs) };
  const isTakenOut = (line: string): boolean =>
    sides.base.has(line) && !(sides.mine.has(line) && sides.theirs.has(line));
  return [...sides.mine, ...sides.theirs].filter((line) => !isTakenOut(line) && !merged.has(line));
}

test('no merge loses a line that nobody took out', () => {
  const lossy = [...realMerges, ...triples, ...exchanged, ...undone].filter(
    (fork) => lostLines(fork).length > 0,
  );
  expect(lossy.map(({ name }) => name)).toEqual([]);
});

test('which side is mine does not decide whether there is a conflict', () => {
  expect(count(exchanged)).toMatchObject({ conflict: count(triples).conflict });
});

test.runIf(hasGit)('where git finds no conflict, neither do we, and the result is the same', () => {
  const other = [...byGit].filter(([fork, text]) => {
    const merged = mergeDocuments(fork);
    return text !== null && (merged.kind === 'conflict' || merged.text !== text);
  });
  expect(byGit.size).toBe(realMerges.length + triples.length);
  expect(other.map(([{ name }]) => name)).toEqual([]);
});

test('docs/merging.md says how merges come out beside what people made', async () => {
  const rows = [
    ['real merges', 'what the person who merged made', count(realMerges)],
    ['triples', 'the third revision, which holds both changes', count(triples)],
    ['a change and its undoing', 'the later revision', count(undone)],
  ] as const;
  // Not asked about the last row.
  const git = ({ n, gitConflict }: Count): string =>
    n === undone.length && gitConflict === 0 ? '' : String(gitConflict);
  const line = ([what, person, counts]: (typeof rows)[number]): string =>
    `| ${[what, counts.n, person, counts.cleanEqual, counts.cleanDifferent, counts.conflict, counts.regions, git(counts)].join(' | ')} |`;
  const page = [
    '# Merging, measured',
    '',
    'Written by `test/protocol/replays.test.ts` from the histories and merges of github/awesome-copilot (MIT) that lie beside the repository: do not',
    'edit. `docs/format.md` says how merging works.',
    '',
    `Revisions replayed through seal, feed and open, byte for byte: ${revisions} in ${histories.length} histories.`,
    '',
    '| forks | n | what people made | clean, equal | clean, different | conflict | places in conflict | conflict for git |',
    '|---|--:|---|--:|--:|--:|--:|--:|',
    ...rows.map(line),
    '',
    '- *Real merges*: base, both sides and the result of merge commits in which two people had changed one prompt.',
    '- *Triples*: three revisions in a row of one prompt; the second and the third are taken as two changes of the first, made at the same time. The third was written over',
    '  the second, so it holds what became of both. *Clean, different* is where the third took back or renamed something that the second had brought: nobody can know that',
    '  from a fork, so both are kept. *Conflict* is where both changed the same place.',
    '- *A change and its undoing*: the middle one of three revisions is the base; one side goes on to the third, the other goes back to the first.',
    '- *Git*: `git merge-file` on the same texts. Wherever it finds no conflict, neither do we, and the result is the same. Among its other conflicts are two people adding',
    '  different keys to the front matter.',
    '- In none of them is a line missing that nobody took out.',
    '',
  ].join('\n');
  process.stdout.write(
    `merges: ${JSON.stringify(Object.fromEntries(rows.map(([what, , counts]) => [what, counts])))}\n`,
  );
  if (isThere && hasGit) await expect(page).toMatchFileSnapshot('../../docs/merging.md');
});
