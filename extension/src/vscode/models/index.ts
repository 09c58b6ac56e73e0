// Joins VS Code's own models to those of the model worker: one `Models` for the whole extension.

import * as vscode from 'vscode';
import type { Models } from '../../models/api.ts';
import { systemClock } from '../../models/clock.ts';
import { createEditorModels } from './editorModels.ts';

/** `models` answers for every provider but `vscode`, and for prices and tokens of all. */
export function withEditorModels<M extends Models>(models: M): M {
  const editor = createEditorModels({ editor: vscode, clock: systemClock });
  return {
    ...models,
    stream: (request, options) =>
      request.endpoint.kind === 'vscode' ? editor.stream(request, options) : models.stream(request, options),
    listModels: (endpoint, options) =>
      endpoint.kind === 'vscode'
        ? editor.listModels(endpoint, options)
        : models.listModels(endpoint, options),
  };
}
