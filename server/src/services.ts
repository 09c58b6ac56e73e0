// What procedures work with, made once by the composition root (main.ts) and handed down.

import type { Accounts } from './accounts/api.ts';
import type { Feed } from './feed.ts';
import type { Hub } from './hub.ts';
import type { Limits } from './limits.ts';
import type { Store } from './store/api.ts';

export interface Services {
  readonly store: Store;
  readonly accounts: Accounts;
  readonly limits: Limits;
  readonly feed: Feed;
  /** For presence; hints are published by the store. */
  readonly hub: Pick<Hub, 'publish'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}
