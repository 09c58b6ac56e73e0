// What several journeys do, as a person does it.

import type { EditorWindow } from '../editor/window.ts';
import type { ModelServer } from '../models/modelServer.ts';

export async function showLibrary(window: EditorWindow): Promise<void> {
  await window.page.locator('.activitybar').getByRole('tab', { name: 'Cuebook' }).click();
  await window.page.locator('.composite.title').getByText('Cuebook').first().waitFor();
}

/** Through VS Code's own dialog for folders, which takes a path. */
export async function importFolder(window: EditorWindow, folder: string): Promise<void> {
  await window.runCommand('Cuebook: Import Prompts…');
  await window.pick('A Folder…');
  await window.quickInput.getByText('Import Prompts').first().waitFor();
  await window.answer(folder.endsWith('/') ? folder : `${folder}/`);
}

export async function addKey(window: EditorWindow, provider: string, key: string): Promise<void> {
  await window.runCommand('Cuebook: Add Provider Key');
  await window.pick(provider, provider);
  await window.answer(key);
}

/** Machine settings that send OpenAI and Anthropic runs to the test's endpoint. */
export function addressesOf(models: ModelServer): Readonly<Record<string, unknown>> {
  return {
    'cuebook.providerAddresses': {
      openai: models.endpoints.openai.baseUrl,
      anthropic: models.endpoints.anthropic.baseUrl,
    },
  };
}
