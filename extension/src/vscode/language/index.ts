// The language of prompt documents in the editor. Everything that reads a prompt loads with the first one that is open.

import * as vscode from 'vscode';
import type { Feature } from '../services.ts';

export const registerLanguage: Feature = () => new vscode.Disposable(() => undefined);
