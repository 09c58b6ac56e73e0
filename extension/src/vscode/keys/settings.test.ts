// What the manifest says about addresses is part of the promise that a repository cannot redirect a key.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtInEndpoints, readEndpoints } from '../../providers/endpoints.ts';

interface Manifest {
  readonly contributes: {
    readonly configuration: readonly {
      readonly properties: Readonly<
        Record<string, { readonly scope?: string; readonly markdownDescription?: string }>
      >;
    }[];
    readonly commands: readonly { readonly command: string }[];
  };
}

const manifest = readJson('package.json') as Manifest;
const texts = readJson('package.nls.json') as Readonly<Record<string, string>>;
const properties = Object.assign(
  {},
  ...manifest.contributes.configuration.map((section) => section.properties),
) as Record<
  string,
  {
    scope?: string;
    markdownDescription?: string;
    additionalProperties?: { properties?: { kind?: { enum: string[] } } };
  }
>;

test.each(['cuebook.providers', 'cuebook.providerAddresses', 'cuebook.plainHttpHosts'])(
  '%s belongs to the machine: VS Code takes it from no folder and syncs it nowhere',
  (name) => {
    expect(properties[name]?.scope).toBe('machine');
  },
);

test('every kind of provider that the manifest offers is understood, and every built-in provider is named there', () => {
  const offered = properties['cuebook.providers']?.additionalProperties?.properties?.kind?.enum ?? [];
  expect(offered.length).toBeGreaterThan(0);
  for (const kind of offered) {
    const providers = { mine: { kind, baseUrl: 'https://example.com/v1' } };
    const { problems } = readEndpoints({ providers, providerAddresses: {}, plainHttpHosts: [] });
    expect(problems).toEqual([]);
  }
  for (const { id, kind } of builtInEndpoints) {
    const description = properties['cuebook.providerAddresses']?.markdownDescription?.slice(1, -1) ?? '';
    if (kind !== 'vscode') expect(texts[description]).toContain(`\`${id}\``);
  }
});

test('no setting holds a key', () => {
  expect(
    Object.keys(properties).filter((name) => /key|secret|password/i.test(name.replace('cuebook.', ''))),
  ).toEqual([]);
});

test('the commands for keys are in the palette', () => {
  const commands = manifest.contributes.commands.map(({ command }) => command);
  expect(commands).toEqual(expect.arrayContaining(['cuebook.addProviderKey', 'cuebook.manageProviderKeys']));
});

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'));
}
