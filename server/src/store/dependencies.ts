// What the store is made of, and the few things that others give it.

import type { VerifyPrimitives } from '@cuebook/shared/crypto/primitives';
import type { Verifiers } from '@cuebook/shared/crypto/verifiers';
import type { AccountId, DeviceId, TokenId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { Author, HintSink, Incarnation } from './api.ts';
import type { Database, Transaction } from './database.ts';
import type { Folds } from './folds.ts';

/** Sessions belong to accounts/; the store asks within its own transactions, so that nothing revoked gets in. */
export interface SessionChecks {
  /** For each author whether its session still holds and is bound to its device; one query for all. */
  areLive(sql: Transaction, authors: readonly Author[]): Promise<readonly boolean[]>;
  /** Ends the sessions of devices that the account's log has just revoked. */
  endOfDevices(sql: Transaction, account: AccountId, devices: readonly DeviceId[]): Promise<void>;
  /** Ends the machine tokens that the team log has just revoked. */
  endOfTokens(sql: Transaction, workspace: WorkspaceId, tokens: readonly TokenId[]): Promise<void>;
}

export interface StoreDependencies {
  readonly database: Database;
  readonly primitives: VerifyPrimitives;
  readonly sessions: SessionChecks;
  readonly hints: HintSink;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** How long a workspace waits after a restore for members with more than the backup. */
  readonly healingMs?: number;
}

export interface StoreContext extends StoreDependencies {
  readonly incarnation: Incarnation;
  readonly verifiers: Verifiers;
  readonly folds: Folds;
}
