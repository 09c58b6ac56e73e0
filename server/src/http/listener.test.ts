import { expect, test } from 'vitest';
import { parseConfig } from '../config.ts';
import { createServer } from './listener.ts';

test('the server starts on a free port and answers /healthz', async () => {
  const server = await createServer({ host: '127.0.0.1', port: 0 });
  try {
    const answer = await fetch(`${server.url}/healthz`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ status: 'ok' });
  } finally {
    await server.close();
  }
});

test('a port that is taken is an error, not a second server', async () => {
  const first = await createServer({ host: '127.0.0.1', port: 0 });
  try {
    const port = Number(new URL(first.url).port);
    await expect(createServer({ host: '127.0.0.1', port })).rejects.toThrow(/EADDRINUSE/);
  } finally {
    await first.close();
  }
});

test('a wrong option is one line that names the variable', () => {
  const result = parseConfig({ CUEBOOK_PORT: '99999' });
  expect(result.ok).toBe(false);
  if (!result.ok) expect(result.problem).toMatch(/^CUEBOOK_PORT: /);
});

test('without TLS the server listens on loopback only', () => {
  expect(parseConfig({ CUEBOOK_HOST: '0.0.0.0' }).ok).toBe(false);
});
