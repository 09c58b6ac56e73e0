// The cryptography of this very editor: VS Code's Node stands on another library (BoringSSL) than Node's own (OpenSSL),
// so the vectors of shared/src/crypto run here too. docs/decisions/0011 says why they must agree.

import assert from 'node:assert/strict';
import * as nodeCrypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { suite, test } from 'mocha';
import { createNativePrimitives } from '../../shared/src/crypto/nativePrimitives.ts';
import { createPurePrimitives } from '../../shared/src/crypto/purePrimitives.ts';
import { createSuite } from '../../shared/src/crypto/suite.ts';
import { checkVectors } from '../../shared/src/crypto/vectors.ts';

// The suites are bundled into test/host/dist.
const vectors = readFileSync(path.join(__dirname, '../../../shared/src/crypto/golden/vectors.txt'), 'utf8');

suite('Cryptography of the editor', () => {
  test('its own implementation passes the test at start, every primitive of it', () => {
    const { implementations } = createSuite(nodeCrypto);
    assert.deepEqual(new Set(Object.values(implementations)), new Set(['native']));
  });

  test('its own implementation takes and refuses what it must', async () => {
    const report = await checkVectors(createNativePrimitives(nodeCrypto), vectors);
    assert.deepEqual(report.wrong, []);
    assert.ok(report.checked > 400);
  }).timeout(60_000);

  test('the pure implementation takes and refuses what it must', async () => {
    assert.deepEqual((await checkVectors(createPurePrimitives(), vectors)).wrong, []);
  }).timeout(60_000);
});
