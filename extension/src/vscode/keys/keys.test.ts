// Keys, limits and addresses, with a double of the editor that answers dialogs as a test says.

import type * as vscode from 'vscode';
import { describe, expect, test } from 'vitest';
import type { Models, ProviderEndpoint } from '../../models/api.ts';
import type { KeysEditor, KeysStorage } from './editor.ts';
import { createKeyStore } from './keyStore.ts';
import { addKey, manageKeys } from './manage.ts';

type Answer = string | undefined | ((shown: Shown) => unknown);

interface Shown {
  readonly kind: 'input' | 'pick' | 'message';
  readonly text: string;
  readonly options: Record<string, unknown>;
  readonly items: readonly {
    readonly label: string;
    readonly detail?: string;
    readonly description?: string;
  }[];
}

/** Dialogs take the answers in order; a pick or button is named by (part of) its label. */
function setUp(options: { answers?: readonly Answer[]; settings?: Record<string, unknown> } = {}) {
  const answers = [...(options.answers ?? [])];
  const shown: Shown[] = [];
  const user: Record<string, unknown> = { ...options.settings };
  const folder: Record<string, unknown> = {};
  const secrets = new Map<string, string>();
  const state = new Map<string, unknown>();
  const listed: { endpoint: ProviderEndpoint; key: string | null }[] = [];
  const secretListeners = new Set<(event: vscode.SecretStorageChangeEvent) => void>();

  function ask(dialog: Shown): unknown {
    shown.push(dialog);
    const answer = answers.shift();
    if (typeof answer === 'function') return answer(dialog);
    if (dialog.kind === 'input') return answer;
    return answer === undefined ? undefined : dialog.items.find((item) => item.label.includes(answer));
  }
  const message = (text: string, ...rest: readonly unknown[]): unknown => {
    const [first] = rest;
    const modal = typeof first === 'object' ? { ...first } : {};
    const buttons = rest.filter((button) => typeof button === 'string').map((label) => ({ label }));
    const picked = ask({ kind: 'message', text, options: modal, items: buttons });
    return typeof picked === 'object' && picked !== null && 'label' in picked ? picked.label : picked;
  };
  const editor = {
    l10n: {
      t: (text: string, ...values: readonly unknown[]) =>
        text.replace(/\{(\d)\}/g, (_all, index: string) => String(values[Number(index)])),
    },
    window: {
      showInputBox: async (box: Record<string, unknown>) =>
        ask({ kind: 'input', text: String(box['title']), options: box, items: [] }),
      showQuickPick: async (
        items: readonly (string | vscode.QuickPickItem)[],
        box: Record<string, unknown>,
      ) => {
        const labels = items.map((item) => (typeof item === 'string' ? { label: item } : item));
        const picked = ask({
          kind: 'pick',
          text: String(box['title']),
          options: box,
          items: labels,
        });
        return items[labels.findIndex((item) => item === picked)];
      },
      showInformationMessage: async (text: string, ...rest: unknown[]) => message(text, ...rest),
      showWarningMessage: async (text: string, ...rest: unknown[]) => message(text, ...rest),
      showErrorMessage: async (text: string, ...rest: unknown[]) => message(text, ...rest),
      withProgress: async (_options: unknown, work: () => Promise<unknown>) => work(),
    },
    workspace: {
      getConfiguration: () => ({
        inspect: (name: string) => ({ globalValue: user[name], workspaceValue: folder[name] }),
        update: async (name: string, value: unknown) => {
          user[name] = value;
        },
      }),
      onDidChangeConfiguration: () => ({ dispose: () => undefined }),
    },
    commands: { executeCommand: async () => undefined },
    EventEmitter: class {
      readonly listeners = new Set<(value: unknown) => void>();
      readonly event = (listener: (value: unknown) => void) => {
        this.listeners.add(listener);
        return { dispose: () => this.listeners.delete(listener) };
      };
      fire(value: unknown): void {
        for (const listener of this.listeners) listener(value);
      }
      dispose(): void {
        this.listeners.clear();
      }
    },
    ConfigurationTarget: { Global: 1 },
    InputBoxValidationSeverity: { Info: 1, Warning: 2, Error: 3 },
    ProgressLocation: { Notification: 15 },
    QuickPickItemKind: { Separator: -1 },
  } as unknown as KeysEditor;

  const storage: KeysStorage = {
    secrets: {
      get: async (name) => secrets.get(name),
      store: async (name, value) => {
        secrets.set(name, value);
        for (const listener of secretListeners) listener({ key: name });
      },
      delete: async (name) => {
        secrets.delete(name);
        for (const listener of secretListeners) listener({ key: name });
      },
      onDidChange: (listener) => {
        secretListeners.add(listener);
        return { dispose: () => secretListeners.delete(listener) };
      },
    },
    globalState: {
      get: (name: string) => state.get(name) as never,
      update: async (name: string, value: unknown) => {
        if (value === undefined) state.delete(name);
        else state.set(name, value);
      },
    } as KeysStorage['globalState'],
  };
  const models: Pick<Models, 'listModels'> = {
    listModels: async (endpoint, { key }) => {
      listed.push({ endpoint, key });
      return key === 'sk-bad-bad-bad'
        ? {
            ok: false,
            failure: { kind: 'wrongKey', message: 'Not accepted.', action: 'Replace it.', status: 401 },
          }
        : { ok: true, models: [] };
    },
  };
  const keys = createKeyStore({ editor, storage, models });
  return {
    editor,
    keys,
    shown,
    secrets,
    state,
    listed,
    user,
    folder,
    answer: (...more: Answer[]) => answers.push(...more),
  };
}

const key = 'sk-proj-0123456789abcdefghijklmnopqrstuvwx';

describe('a key', () => {
  test('lies in the secret storage and nowhere else', async () => {
    const world = setUp({ answers: [key] });
    expect(await world.keys.add('openai')).toBe(true);
    expect([...world.secrets.values()]).toEqual([key]);
    expect(JSON.stringify([...world.state, world.user])).not.toContain(key);
    expect(await world.keys.key('openai')).toBe(key);
    expect(await world.keys.key('anthropic')).toBeNull();
  });

  test('is typed into a password box that stays open when the focus moves', async () => {
    const world = setUp({ answers: [key] });
    await world.keys.add('openai');
    expect(world.shown[0]?.options).toMatchObject({ password: true, ignoreFocusOut: true });
    expect(world.shown[0]?.options).not.toHaveProperty('value');
  });

  test('is shown as a mask only', async () => {
    const world = setUp({ answers: [key, undefined] });
    await addKey(world, 'openai');
    expect(await world.keys.mask('openai')).toBe('sk-proj-012…uvwx');
    expect(JSON.stringify(world.shown)).not.toContain(key);
  });

  test('is trimmed; nothing is stored if the user gives up or types nothing', async () => {
    const world = setUp({ answers: [`  ${key}\n`, undefined, '   '] });
    expect(await world.keys.add('openai')).toBe(true);
    expect(await world.keys.key('openai')).toBe(key);
    expect(await world.keys.add('anthropic')).toBe(false);
    expect(await world.keys.add('anthropic')).toBe(false);
    expect(world.secrets.size).toBe(1);
  });

  test('of an unusual shape gets a hint at most; only what no header can carry is refused', async () => {
    const world = setUp({ answers: ['anything-goes', 'two words'] });
    await world.keys.add('openai');
    expect(await world.keys.key('openai')).toBe('anything-goes');
    const check = world.shown[0]?.options['validateInput'] as (text: string) => { severity: number } | null;
    expect(check('anything-goes')?.severity).toBe(1);
    expect(check(key)).toBeNull();
    expect(check('two words')?.severity).toBe(3);
    expect(check('schlüssel')?.severity).toBe(3);
    expect(await world.keys.add('ollama')).toBe(false);
  });

  test('is gone after deleting it was confirmed, and not before', async () => {
    const world = setUp({ answers: [key] });
    await world.keys.add('openai');
    world.answer('OpenAI', 'Delete key', undefined);
    await manageKeys(world);
    expect(await world.keys.key('openai')).toBe(key);
    world.answer('OpenAI', 'Delete key', 'Delete');
    await manageKeys(world);
    expect(await world.keys.key('openai')).toBeNull();
  });

  test('is tested by asking for the models, at the address that the user has set', async () => {
    const world = setUp({
      answers: ['sk-bad-bad-bad', 'Test It', undefined],
      settings: { providerAddresses: { openai: 'https://gateway.example.com/v1' } },
    });
    await addKey(world, 'openai');
    expect(world.listed).toMatchObject([
      { endpoint: { baseUrl: 'https://gateway.example.com/v1' }, key: 'sk-bad-bad-bad' },
    ]);
    expect(world.shown.at(-1)?.text).toContain('Not accepted.');
  });

  test('that another window stores is announced here', async () => {
    const world = setUp({ answers: [key] });
    const changed: string[] = [];
    world.keys.onDidChange((id) => changed.push(id));
    await world.keys.add('openai');
    await world.keys.remove('openai');
    expect(changed).toEqual(['openai', 'openai']);
  });
});

describe('the spending limit', () => {
  test('asks before a run passes it, and only then', async () => {
    const world = setUp({ answers: ['Run Anyway', undefined] });
    await world.keys.setLimit('openai', 1);
    await world.keys.spent('openai', 0.6);
    expect(await world.keys.maySpend('openai', 0.39)).toBe(true);
    expect(world.shown).toEqual([]);
    expect(await world.keys.maySpend('openai', 0.41)).toBe(true);
    expect(world.shown[0]).toMatchObject({ kind: 'message', options: { modal: true } });
    expect(world.shown[0]?.text).toContain('$1.00');
    expect(await world.keys.maySpend('openai', 0.41)).toBe(false);
  });

  test('of a run that nobody knows the price of is asked about once the limit is used up', async () => {
    const world = setUp({ answers: [undefined] });
    await world.keys.setLimit('openai', 1);
    expect(await world.keys.maySpend('openai', null)).toBe(true);
    await world.keys.spent('openai', 1);
    expect(await world.keys.maySpend('openai', null)).toBe(false);
  });

  test('does not exist unless the user sets it', async () => {
    const world = setUp();
    await world.keys.spent('openai', 1000);
    expect(await world.keys.maySpend('openai', 1000)).toBe(true);
    expect(world.keys.spending('openai')).toEqual({ spent: 1000, limit: null });
  });

  test('counts from zero for a new key', async () => {
    const world = setUp({ answers: [key, key, 'another-key-0123456789'] });
    await world.keys.add('openai');
    await world.keys.spent('openai', 3);
    await world.keys.add('openai');
    expect(world.keys.spending('openai').spent).toBe(3);
    await world.keys.add('openai');
    expect(world.keys.spending('openai').spent).toBe(0);
  });

  test('is set in dollars; nonsense is refused where it is typed', async () => {
    const world = setUp({
      answers: ['OpenAI', 'Set spending limit', '12.50', 'OpenAI', 'Set spending limit', ''],
    });
    await manageKeys(world);
    expect(world.keys.spending('openai').limit).toBe(12.5);
    const check = world.shown[2]?.options['validateInput'] as (text: string) => string | null;
    expect(check('a lot')).not.toBeNull();
    expect(check('-3')).not.toBeNull();
    await manageKeys(world);
    expect(world.keys.spending('openai').limit).toBeNull();
  });

  test('leaves numbers in the global state, and nothing but numbers', async () => {
    const world = setUp({ answers: [key] });
    await world.keys.add('openai');
    await world.keys.setLimit('openai', 5);
    await world.keys.spent('openai', 0.25);
    expect([...world.state.values()].every((value) => typeof value === 'number')).toBe(true);
  });
});

describe('addresses', () => {
  test('come from the user alone: what a folder says is not even read', () => {
    const world = setUp();
    world.folder['providerAddresses'] = { openai: 'https://evil.example/v1' };
    world.folder['providers'] = { mine: { baseUrl: 'https://evil.example/v1' } };
    expect(JSON.stringify(world.keys.endpoints())).not.toContain('evil');
  });

  test('that cannot be used say why', () => {
    const world = setUp({ settings: { providerAddresses: { openai: 'http://gateway/v1' } } });
    expect(world.keys.endpoint('openai')).toBeNull();
    expect(world.keys.problem('openai')).toContain('not encrypted');
    expect(world.keys.problem('nobody')).toContain('no provider');
    expect(world.keys.problem('anthropic')).toBeNull();
  });

  test('without encryption are used only after the user has said so', async () => {
    const world = setUp({
      settings: { providerAddresses: { ollama: 'http://192.168.1.5:11434/v1' } },
      answers: ['ollama', undefined],
    });
    await manageKeys(world);
    expect(world.keys.endpoint('ollama')).toBeNull();
    expect(world.shown[1]).toMatchObject({ kind: 'message', options: { modal: true } });
    world.answer('ollama', 'Use It Anyway');
    await manageKeys(world);
    expect(world.user['plainHttpHosts']).toEqual(['192.168.1.5:11434']);
    expect(world.keys.endpoint('ollama')?.baseUrl).toBe('http://192.168.1.5:11434/v1');
  });

  test('of a new provider are asked for, checked and written to the settings of the user', async () => {
    const world = setUp({
      answers: ['Another', 'gateway', 'https://llm.example.com/v1', 'Yes', key, undefined],
    });
    await addKey(world, null);
    expect(world.user['providers']).toEqual({
      gateway: { label: 'gateway', baseUrl: 'https://llm.example.com/v1', needsKey: true },
    });
    expect(await world.keys.key('gateway')).toBe(key);
  });

  test('of a built-in provider go back to what they were when emptied', async () => {
    const world = setUp({
      settings: {
        providerAddresses: { openai: 'https://gateway.example.com/v1', ollama: 'http://127.0.0.1:1/v1' },
      },
      answers: ['OpenAI', 'Change address', ''],
    });
    await manageKeys(world);
    expect(world.user['providerAddresses']).toEqual({ ollama: 'http://127.0.0.1:1/v1' });
    expect(world.keys.endpoint('openai')?.baseUrl).toBe('https://api.openai.com/v1');
  });
});
