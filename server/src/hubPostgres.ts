// The hub over PostgreSQL's LISTEN and NOTIFY: what is said here is heard by every process on the same database. Messages
// go out together while one NOTIFY is on its way, because each takes a lock that all commits share for a moment.

import { randomUUID } from 'node:crypto';
import { createListeners, type Hub } from './hub.ts';
import { createOutbox, parcelText, parseParcel } from './hubMessage.ts';
import type { Sql } from './store/database.ts';

export interface PostgresHubDependencies {
  /** For NOTIFY. */
  readonly sql: Sql;
  /** A pool for LISTEN alone; the hub ends it. A new one when the old one no longer hears anything. */
  readonly connect: () => Sql;
  readonly onError: (error: unknown) => void;
  /** How often the hub listens for its own voice. */
  readonly beatMs?: number;
}

const CHANNEL = 'cuebook_hub';
/** PostgreSQL allows 7999 bytes; all that is sent is ASCII. */
const MAX_CHARACTERS = 7800;
const BEAT_MS = 2000;

/** Resolves when it listens. */
export async function createPostgresHub(deps: PostgresHubDependencies): Promise<Hub> {
  const from = randomUUID();
  const listeners = createListeners();
  const ear = createEar(deps, from, (text) => {
    const parcel = parseParcel(text);
    if (parcel === null || parcel.from === from) return;
    for (const message of parcel.messages) listeners.deliver(message);
  });
  const voice = createVoice(deps, from);
  await ear.open();
  return {
    publish: (message) => {
      listeners.deliver(message);
      voice.say(message);
    },
    listen: listeners.listen,
    isConnected: ear.isHearing,
    close: async () => {
      listeners.clear();
      await voice.close();
      await ear.close();
    },
  };
}

interface Voice {
  say(message: Parameters<Hub['publish']>[0]): void;
  close(): Promise<void>;
}

function createVoice({ sql, onError }: PostgresHubDependencies, from: string): Voice {
  const outbox = createOutbox();
  let speaking: Promise<void> | null = null;
  const speak = async (): Promise<void> => {
    while (!outbox.isEmpty) {
      const text = parcelText(from, outbox.take(MAX_CHARACTERS - from.length));
      // What is not said the others find by their sweep.
      await sql`select pg_notify(${CHANNEL}, ${text})`.catch(onError);
    }
    speaking = null;
  };
  return {
    say: (message) => {
      outbox.put(message);
      speaking ??= speak();
    },
    close: async () => {
      await speaking;
    },
  };
}

interface Ear {
  open(): Promise<void>;
  readonly isHearing: () => boolean;
  close(): Promise<void>;
}

/** Listens, and to itself: a connection can be dead for long without saying so. */
function createEar(deps: PostgresHubDependencies, from: string, hear: (text: string) => void): Ear {
  const { sql, connect, onError, beatMs = BEAT_MS } = deps;
  const ownChannel = `${CHANNEL}_${from.replaceAll('-', '')}`;
  let heardAt = 0;
  let pool: Sql | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const listen = async (): Promise<void> => {
    const fresh = connect();
    pool = fresh;
    await fresh.listen(CHANNEL, hear);
    await fresh.listen(ownChannel, () => {
      heardAt = performance.now();
    });
    heardAt = performance.now();
  };
  const isHearing = (): boolean => performance.now() - heardAt < 2.5 * beatMs;
  const beat = async (): Promise<void> => {
    try {
      await sql`select pg_notify(${ownChannel}, '')`;
      if (!isHearing() && !isClosed) {
        void pool?.end({ timeout: 1 }).catch(onError);
        await listen();
      }
    } catch (error) {
      onError(error);
    }
    if (!isClosed) timer = setTimeout(() => void beat(), beatMs);
  };
  return {
    open: async () => {
      await listen();
      timer = setTimeout(() => void beat(), beatMs);
    },
    isHearing,
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await pool?.end({ timeout: 1 });
    },
  };
}
