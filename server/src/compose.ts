// What a server stands on, made from a database: hub, store and accounts, in the order in which each needs the others.

import type { Redacted } from '@cuebook/shared/util/redacted';
import type { Accounts } from './accounts/api.ts';
import { createAccounts, sessionChecks, type AccountsDependencies } from './accounts/create.ts';
import { createHub, type Hub } from './hub.ts';
import { createNatsHub } from './hubNats.ts';
import { createPostgresHub } from './hubPostgres.ts';
import type { Log } from './log.ts';
import { createServerPrimitives } from './primitives.ts';
import type { Store } from './store/api.ts';
import { createStore } from './store/createStore.ts';
import { openDatabase, type Database, type DatabaseAddress } from './store/database.ts';

/** How processes tell each other what has changed. `process`: there is only this one. */
export type HubChoice =
  | { readonly kind: 'process' }
  | { readonly kind: 'postgres' }
  | { readonly kind: 'nats'; readonly servers: Redacted<string> };

export interface CompositionOptions extends Pick<
  AccountsDependencies,
  'peppers' | 'passwords' | 'publicOrigin' | 'registration' | 'oidc' | 'deletions' | 'now'
> {
  /** Migrated. */
  readonly database: Database;
  /** Of the same database. */
  readonly address: DatabaseAddress;
  readonly hub: HubChoice;
  readonly log: Log;
  readonly healingMs?: number;
}

export interface Composition {
  readonly hub: Hub;
  readonly store: Store;
  readonly accounts: Accounts;
  /** For the sweep (sweep.ts). */
  readonly watch: { readonly store: Store; readonly accounts: Accounts };
  /** The hub and the store with its database. */
  close(): Promise<void>;
}

export async function compose(options: CompositionOptions): Promise<Composition> {
  const { database, now } = options;
  const primitives = createServerPrimitives();
  const hub = await openHub(options);
  const store = await createStore({ ...options, primitives, sessions: sessionChecks, hints: hub });
  const accounts = createAccounts({ ...options, database, store, primitives, now });
  const watch = await composeWatch(options);
  return {
    hub,
    store,
    accounts,
    watch,
    close: async () => {
      await hub.close();
      await watch.store.close();
      await store.close();
    },
  };
}

/** By connections of its own: whether the database answers is not to depend on what else it is asked at the moment. */
async function composeWatch(options: CompositionOptions): Promise<Composition['watch']> {
  const database = openDatabase({ address: options.address, connections: 2 });
  const primitives = createServerPrimitives();
  const hints = createHub();
  const store = await createStore({ ...options, database, primitives, sessions: sessionChecks, hints });
  return { store, accounts: createAccounts({ ...options, database, store, primitives }) };
}

async function openHub({ hub, database, log }: CompositionOptions): Promise<Hub> {
  const onError = (error: unknown): void => log.error('The hub failed; the sweep goes on without it.', error);
  switch (hub.kind) {
    case 'process':
      return createHub();
    case 'postgres':
      return createPostgresHub({
        sql: database.app,
        connect: () => database.connectAs('cuebook_app'),
        onError,
      });
    case 'nats':
      return createNatsHub({ servers: hub.servers, onError });
  }
}
