// Who asks. Decided once, where a request or a socket's message comes in (accounts/authenticate.ts), and never asked of
// the client again. Access (access.ts) looks at nothing else.

import type { AccountId, DeviceId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { TokenScope } from '@cuebook/shared/protocol/token';

export interface SessionCaller {
  readonly kind: 'session';
  /** Row id of the session. */
  readonly session: string;
  readonly account: AccountId;
  /** The device whose key signed the challenge; null while the session is only signed in. */
  readonly device: DeviceId | null;
  /** A second factor was given when signing in. */
  readonly hasSecondFactor: boolean;
  readonly isServerOwner: boolean;
  /** SHA-256 of the access token: what the device's signature is bound to. Never stored, never logged. */
  readonly tokenHash: Uint8Array;
  /** Epoch milliseconds: when the access token runs out. */
  readonly expiresAt: number;
}

export interface TokenCaller {
  readonly kind: 'token';
  /** Row id of the machine token. */
  readonly token: string;
  readonly workspace: WorkspaceId;
  readonly scopes: readonly TokenScope[];
  readonly expiresAt: number;
}

export type Caller = { readonly kind: 'nobody' } | SessionCaller | TokenCaller;

/** What is known of a request besides who asks. */
export interface Origin {
  readonly requestId: string;
  readonly transport: 'http' | 'socket';
  /** Of the client, as the declared proxy or the connection says. Not in any log above debug. */
  readonly address: string;
  /** The `Origin` header, if there is one: only browsers send it. */
  readonly browserOrigin: string | null;
}
