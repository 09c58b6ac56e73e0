// A server reduced to its store, in a process of its own that can be killed: answers calls over the channel to its parent.
// Sessions always hold here; the database is the embedded one in the directory given.

import * as nodeCrypto from 'node:crypto';
import type { AppendInput } from '@cuebook/shared/protocol/record';
import type { TeamAppend } from '@cuebook/shared/protocol/workspace';
import { idToBytes, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import { createNativePrimitives } from '@cuebook/shared/crypto/nativePrimitives';
import type { Author, NewAccount, Store, TailPosition } from '@cuebook/server/store/api';
import { createStore } from '@cuebook/server/store/createStore';
import { startDatabase } from '@cuebook/server/store/start';
import { Refusal } from '@cuebook/server/problems';

export type StoreCall =
  | { readonly do: 'createAccount'; readonly account: NewAccount; readonly author: Author }
  | { readonly do: 'appendLog'; readonly author: Author; readonly append: TeamAppend }
  | { readonly do: 'append'; readonly author: Author; readonly input: AppendInput }
  | { readonly do: 'tail'; readonly workspace: WorkspaceId; readonly from: TailPosition }
  | { readonly do: 'end' };

export type StoreReply =
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly refusal: string };

export interface NumberedCall {
  readonly number: number;
  readonly call: StoreCall;
}

const [directory = ''] = process.argv.slice(2);
const send = (message: unknown): void => void process.send?.(message);

const started = await startDatabase({ source: { kind: 'embedded', directory }, now: Date.now });
if (!started.ok) throw new Error(started.problem.message);
const store = await createStore({
  database: started.value.database,
  primitives: createNativePrimitives(nodeCrypto),
  sessions: {
    areLive: async (_, authors) => authors.map(() => true),
    endOfDevices: async () => {},
    endOfTokens: async () => {},
  },
  hints: { publish: () => {} },
  now: Date.now,
});

async function answer(store: Store, call: StoreCall): Promise<unknown> {
  switch (call.do) {
    case 'createAccount':
      return store.accountLogs.create(call.account, async (sql) => {
        await sql`
          insert into sessions (account, session, device, second_factor, created_at, last_used_at)
          values (${idToBytes(call.author.account)}, ${call.author.session}, ${idToBytes(call.author.device)}, false, 0, 0)`;
      });
    case 'appendLog':
      return store.workspaces.appendLog(call.author, call.append);
    case 'append':
      return store.records.append(call.author, call.input);
    case 'tail':
      return store.records.readTail(call.workspace, call.from);
    case 'end':
      return started.ok ? started.value.stop() : undefined;
  }
}

async function reply({ number, call }: NumberedCall): Promise<void> {
  try {
    send({ number, value: await answer(store, call) } satisfies StoreReply);
    if (call.do === 'end') process.disconnect();
  } catch (error) {
    const refusal = error instanceof Refusal ? error.code : 'unavailable';
    send({ number, refusal } satisfies StoreReply);
  }
}

process.on('message', (message: NumberedCall) => void reply(message));
process.on('disconnect', () => process.exit(0));
send({ ready: store.incarnation });
