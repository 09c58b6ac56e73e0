// The layers that history puts beside a text: each has a setting, and a command that flips it.

import * as vscode from 'vscode';

/** Setting (below `cuebook.history`) by the command that flips it. */
export const toggles = {
  'cuebook.toggleCurrentLine': 'currentLine',
  'cuebook.toggleAllLines': 'allLines',
  'cuebook.toggleSummaryLens': 'summaryLens',
  'cuebook.toggleChangeLens': 'changeLens',
  'cuebook.toggleChangeMarks': 'changeMarks',
  'cuebook.toggleUnreadMarks': 'unreadMarks',
} as const satisfies Readonly<Record<string, string>>;

export type Layer = (typeof toggles)[keyof typeof toggles];

export type HoverPlace = 'annotation' | 'line' | 'off';

const section = 'cuebook.history';

export function isOn(layer: Layer): boolean {
  return vscode.workspace.getConfiguration(section).get<boolean>(layer, false);
}

export function hoverPlace(): HoverPlace {
  return vscode.workspace.getConfiguration(section).get<HoverPlace>('hover', 'annotation');
}

export function onDidChangeLayers(changed: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(section)) changed();
  });
}

export async function toggle(layer: Layer): Promise<boolean> {
  const on = !isOn(layer);
  await set(layer, on);
  return on;
}

export async function toggleHover(): Promise<HoverPlace> {
  const place = hoverPlace() === 'off' ? 'annotation' : 'off';
  await set('hover', place);
  return place;
}

async function set(name: string, value: boolean | string): Promise<void> {
  await vscode.workspace.getConfiguration(section).update(name, value, vscode.ConfigurationTarget.Global);
}
