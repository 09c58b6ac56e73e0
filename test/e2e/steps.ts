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
  await window.pickFolder(folder, 'Import');
}

export async function addKey(window: EditorWindow, provider: string, key: string): Promise<void> {
  await window.runCommand('Cuebook: Add Provider Key');
  await window.pick(provider, provider);
  await window.answer(`Key for ${provider}`, key);
}

/** `where`: the workspace, where there are several. */
export async function writePrompt(
  window: EditorWindow,
  name: string,
  text: string,
  where?: string,
): Promise<void> {
  await window.runCommand('Cuebook: New Prompt…');
  if (where !== undefined) await window.pick(where);
  await window.answer('Slashes make folders', name);
  await window.tab(name).waitFor();
  // Only once the new document is in the editor does what is typed go there.
  await window.untilText((shown) => shown.includes('Explain what this does'));
  await window.typeOver(text);
  await window.untilText((shown) => shown === text);
  await window.save();
}

/** By the search of the library, as one does with hundreds of prompts. */
export async function openPrompt(window: EditorWindow, name: string): Promise<void> {
  await window.runCommand('Cuebook: Search Prompts…');
  await window.pick(name, name);
  await window.tab(name).waitFor();
}

/** Of what is selected in the active editor. Inputs may be asked for afterwards. */
export async function runOnSelection(window: EditorWindow, prompt: string): Promise<void> {
  await window.runCommand('Cuebook: Run Prompt on Selection');
  await window.pick(prompt, prompt);
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
