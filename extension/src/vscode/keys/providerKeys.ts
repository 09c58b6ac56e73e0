// Provider keys: the only door to SecretStorage for them. A key is read when a run needs it and kept nowhere else.

import type { Event } from 'vscode';
import type { ProviderEndpoint, ProviderId, RunFailure } from '../../models/api.ts';

/** US dollars, as far as known: runs of models without a price are not in it. */
export interface Spending {
  readonly spent: number;
  readonly limit: number | null;
}

export interface ProviderKeys {
  /** Fires after a key was added, replaced or deleted, or an address changed. */
  readonly onDidChange: Event<ProviderId>;
  /** Built-in providers and those of the machine-scoped setting `cuebook.providers`, in order. */
  endpoints(): readonly ProviderEndpoint[];
  endpoint(id: ProviderId): ProviderEndpoint | null;
  /** Why `endpoint(id)` is null, for the user: not set up, or an address that is refused. Null if it is not. */
  problem(id: ProviderId): string | null;
  /** The key itself, to be handed to a run and to nothing else; null if there is none. */
  key(id: ProviderId): Promise<string | null>;
  /** Whether there is one. */
  has(id: ProviderId): Promise<boolean>;
  /** `sk-proj-abc…xyz9`; null if there is none. */
  mask(id: ProviderId): Promise<string | null>;
  /** Asks for a key (password box), offers to test it, and stores it. False if the user gave up. */
  add(id: ProviderId): Promise<boolean>;
  /** Asks if `cost` more dollars would pass the limit that the user set. True if the run may go on. */
  maySpend(id: ProviderId, cost: number | null): Promise<boolean>;
  /** Adds to what is known to be spent with this provider's key. */
  spent(id: ProviderId, cost: number | null): Promise<void>;
  spending(id: ProviderId): Spending;
  /** Null takes the limit away. */
  setLimit(id: ProviderId, limit: number | null): Promise<void>;
  /** Lists the provider's models with the stored key (or with none, where none is needed). Sends nothing else. */
  test(id: ProviderId): Promise<{ ok: true; models: number } | { ok: false; failure: RunFailure }>;
  /** Deletes the key and what was known to be spent with it. */
  remove(id: ProviderId): Promise<void>;
}
