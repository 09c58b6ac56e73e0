// What a feature is given. A feature is one folder below `vscode/`, exports one `registerX(services)`, subscribes and
// renders, and keeps no state that the library should keep.

import type { ExtensionContext, LogOutputChannel, Disposable } from 'vscode';
import type { Language } from '../language/api.ts';
import type { Library } from '../library/api.ts';
import type { Teams } from '../library/teams.ts';
import type { Models } from '../models/api.ts';
import type { ProviderKeys } from './keys/providerKeys.ts';
import type { SaveMessages } from './saveMessages.ts';

export interface Services {
  readonly context: ExtensionContext;
  /** Only what may be read by anyone: never a prompt's text or name, a key, an input or an answer. */
  readonly log: LogOutputChannel;
  /** Starts its worker with the first call. */
  readonly library: Library;
  /** Starts its worker with the first call. */
  readonly models: Models;
  readonly keys: ProviderKeys;
  /** Starts its worker with the first question. */
  readonly language: Language;
  /** Answered by the library's worker. */
  readonly teams: Teams;
  /** What the next save of a document says about itself. */
  readonly saveMessages: SaveMessages;
}

export type Feature = (services: Services) => Disposable;
