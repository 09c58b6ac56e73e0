import { describe, expect, test } from 'vitest';
import type { WorkspaceId } from '../../library/api.ts';
import type { SharedKey, TeamsCalls } from '../../library/teams.ts';
import { builtInEndpoints } from '../../providers/endpoints.ts';
import type { ProviderKeys } from './providerKeys.ts';
import { createRunKeys, type RunKeys } from './runKeys.ts';

const workspace = 'team' as WorkspaceId;

const openai: SharedKey = {
  provider: 'openai',
  api: 'openai',
  label: 'OpenAI',
  address: 'https://team.example/v1',
  savedAt: 1,
  mask: 'sk-…team',
  agreed: false,
};

/** The worker's part as its own tests show it (test/sync/teamKeys.test.ts): it hands a key out only where it was agreed to. */
function stage(own: Readonly<Record<string, string>>, shared: readonly SharedKey[], answer = true) {
  const agreed = new Set(shared.flatMap(({ provider, agreed }) => (agreed ? [provider] : [])));
  const asked: string[] = [];
  const counted: string[] = [];
  const keys: Partial<ProviderKeys> = {
    endpoints: () => builtInEndpoints,
    endpoint: (id) => builtInEndpoints.find((known) => known.id === id) ?? null,
    has: async (id) => Object.hasOwn(own, id),
    key: async (id) => own[id] ?? null,
    spending: () => ({ spent: 1, limit: 2 }),
    spent: async (id) => void counted.push(id),
  };
  const refused = { ok: false, problem: { code: 'notAllowed', message: '', action: '' } } as const;
  const teams: Pick<TeamsCalls, 'sharedKeys' | 'agreeToSharedKey' | 'openSharedKey'> = {
    sharedKeys: async () => ({ ok: true, value: shared }),
    agreeToSharedKey: async ({ provider }) => {
      agreed.add(provider);
      return { ok: true, value: null };
    },
    openSharedKey: async ({ provider }) =>
      agreed.has(provider) ? { ok: true, value: `team key of ${provider}` } : refused,
  };
  const ask = async (_: WorkspaceId, { address }: SharedKey): Promise<boolean> => {
    asked.push(address);
    return answer;
  };
  const open = async (of: WorkspaceId | null = workspace): Promise<RunKeys> =>
    createRunKeys({ keys: keys as ProviderKeys, teams, ask }, of);
  return { open, asked, counted };
}

describe('a run of a team’s prompt', () => {
  test('uses the team’s key at the team’s address where the user has none, after asking once', async () => {
    const { open, asked } = stage({}, [openai]);
    const keys = await open();
    expect(await keys.has('openai')).toBe(true);
    expect(keys.endpoint('openai')?.baseUrl).toBe('https://team.example/v1');
    expect(await keys.key('openai')).toBeNull();
    expect(await keys.mayUse('openai/gpt-4o')).toBe(true);
    expect(await keys.key('openai')).toBe('team key of openai');
    expect(asked).toEqual(['https://team.example/v1']);
  });

  test('does not go on if the user says no, and gets no key', async () => {
    const { open } = stage({}, [openai], false);
    const keys = await open();
    expect(await keys.mayUse('openai/gpt-4o')).toBe(false);
    expect(await keys.key('openai')).toBeNull();
  });

  test('asks nothing where the user has agreed to this address before, nor for another provider', async () => {
    const { open, asked } = stage({ anthropic: 'own' }, [{ ...openai, agreed: true }]);
    const keys = await open();
    expect(await keys.mayUse('openai/gpt-4o')).toBe(true);
    expect(await keys.mayUse('anthropic/claude')).toBe(true);
    expect(await keys.key('anthropic')).toBe('own');
    expect(asked).toEqual([]);
  });

  test('takes the user’s own key and address first, and a local server that needs none', async () => {
    const ollama = { ...openai, provider: 'ollama', label: 'Ollama' };
    const { open, asked } = stage({ openai: 'own' }, [openai, ollama]);
    const keys = await open();
    expect(await keys.key('openai')).toBe('own');
    expect(keys.endpoint('openai')?.baseUrl).toBe('https://api.openai.com/v1');
    expect(keys.endpoint('ollama')?.baseUrl).toBe('http://127.0.0.1:11434/v1');
    expect(await keys.mayUse('openai/gpt-4o')).toBe(true);
    expect(asked).toEqual([]);
  });

  test('can go to a provider that only the team has', async () => {
    const { open } = stage({}, [{ ...openai, provider: 'gateway', api: 'openai-compatible' }]);
    const keys = await open();
    expect(keys.endpoint('gateway')).toMatchObject({ kind: 'openai-compatible', needsKey: true });
    expect(keys.endpoints().at(-1)?.id).toBe('gateway');
  });

  test.each([
    'http://team.example/v1',
    'ftp://team.example',
    'https://user:word@team.example/v1',
    'nonsense',
  ])('never goes to %s, whoever shared it', async (address) => {
    const { open } = stage({}, [{ ...openai, address, agreed: true }]);
    const keys = await open();
    expect(await keys.has('openai')).toBe(false);
    expect(keys.endpoint('openai')?.baseUrl).toBe('https://api.openai.com/v1');
  });

  test('does not count what the team pays to the user’s own limit', async () => {
    const { open, counted } = stage({ anthropic: 'own' }, [openai]);
    const keys = await open();
    expect(keys.spending('openai')).toEqual({ spent: 0, limit: null });
    await keys.spent('openai', 1);
    await keys.spent('anthropic', 1);
    expect(counted).toEqual(['anthropic']);
  });
});

test('a prompt of no team uses no team’s key', async () => {
  const { open } = stage({}, [{ ...openai, agreed: true }]);
  expect(await (await open(null)).has('openai')).toBe(false);
});
