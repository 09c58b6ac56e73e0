import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appRouter } from '@cuebook/server/router/index';
import type { Meta } from '@cuebook/server/router/procedures';
import { bytesToBase32 } from '@cuebook/shared/encoding/base32';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import { askOnSocket, askOverHttp, type Outcome, type ProcedureKind } from './asking.ts';
import { CALLERS, createWorld, type CallerName, type World } from './callers.ts';
import { expectedFor } from './rules.ts';
import { writeTable, type Answered } from './table.ts';

const PAGE = new URL('../../../docs/isolation.md', import.meta.url);

interface Procedure {
  readonly path: string;
  readonly kind: ProcedureKind;
  readonly meta: Meta;
}

/** As tRPC keeps a procedure. */
interface Declared {
  readonly _def: { readonly meta?: Meta; readonly type: ProcedureKind };
}

/** All of the router; the one that ends the caller's session comes last. */
const PROCEDURES: readonly Procedure[] = Object.entries(appRouter._def.procedures)
  .map(([path, procedure]) => {
    const { meta, type } = (procedure as unknown as Declared)._def;
    if (meta === undefined) throw new Error(`${path} has no access rule`);
    return { path, kind: type, meta };
  })
  .sort((left, right) => Number(left.path === 'session.signOut') - Number(right.path === 'session.signOut'));

let world: World;
const answers = new Map<string, Map<CallerName, Outcome>>();

beforeAll(async () => {
  world = await createWorld();
  for (const { path } of PROCEDURES) answers.set(path, new Map());
}, 120_000);
afterAll(async () => world[Symbol.asyncDispose]());

describe('over HTTP', () => {
  test.each(CALLERS)('every procedure answers as expected: %s', async (name) => {
    const caller = world.callers[name];
    const refused = REFUSED_AT_THE_DOOR[name];
    // Signing out ends the session, which is still needed.
    for (const { path, kind, meta } of PROCEDURES.filter((each) => each.path !== 'session.signOut')) {
      if (kind === 'subscription') continue;
      const expected =
        refused ?? (meta.transport === 'socket' ? 'socketNeeded' : expectedFor(meta.access)[name]);
      const answer = await askOverHttp(world.server.url, caller, path, kind);
      expect({ path, answer }).toEqual({ path, answer: expected });
    }
  });
});

/** Whoever has a token that does not hold is told so whatever is asked. */
const REFUSED_AT_THE_DOOR: Readonly<Partial<Record<CallerName, Outcome>>> = {
  'revoked device': 'unauthenticated',
  'expired token': 'unauthenticated',
  'revoked token': 'unauthenticated',
  'wrong address': 'addressNotAllowed',
  'wrong origin': 'originNotAllowed',
};

test('a workspace of others is answered like one that does not exist, word for word', async () => {
  const stranger = world.callers['owner of another team'];
  const nowhere = bytesToBase32(randomBytes(32)) as WorkspaceId;
  const { refusalAbout, client } = askOnSocket(world.server.url, stranger);
  await using _ = client;
  for (const { path, kind, meta } of PROCEDURES) {
    if (meta.access.kind !== 'member') continue;
    const there = await refusalAbout(path, kind, stranger.workspace);
    expect(there).toMatchObject({ data: { code: 'notFound' } });
    expect({ path, said: there }).toEqual({ path, said: await refusalAbout(path, kind, nowhere) });
  }
});

describe('on a socket', () => {
  test.each(CALLERS)('every procedure answers as expected: %s', async (name) => {
    const { ask, client } = askOnSocket(world.server.url, world.callers[name]);
    await using _ = client;
    for (const { path, kind, meta } of PROCEDURES) {
      const answer = await ask(path, kind);
      answers.get(path)?.set(name, answer);
      expect({ path, answer }).toEqual({ path, answer: expectedFor(meta.access)[name] });
    }
  });
});

test('the committed table says what was answered', async () => {
  const answered = PROCEDURES.map(({ path, meta }): Answered => ({
    path,
    overHttp: meta.transport === 'any',
    answers: Object.fromEntries(answers.get(path) ?? []) as Answered['answers'],
  })).sort((left, right) => (left.path < right.path ? -1 : 1));
  const page = writeTable(answered);
  if (process.env['CUEBOOK_WRITE_DOCS'] === '1') await writeFile(PAGE, page);
  expect(await readFile(PAGE, 'utf8')).toBe(page);
});
