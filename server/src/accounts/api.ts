// Accounts, sessions and machine tokens as the rest of the server sees them. Every secret comes in as text, is looked up
// by its public prefix, compared in constant time as a hash under the pepper, and is never kept, logged or given back.
// What is refused is thrown as a `Refusal`; an outcome that a client has to act on is a value.

import type { AccountId, DeviceId, InviteId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { AboutMe, ApprovalAnswer, Ground, UserBox } from '@cuebook/shared/protocol/account';
import type { FinishOidcAnswer, Grant, SessionRow, SignInAnswer } from '@cuebook/shared/protocol/session';
import type { TokenRow } from '@cuebook/shared/protocol/token';
import type { TeamAppend } from '@cuebook/shared/protocol/workspace';
import type { Caller, Origin, SessionCaller } from '../caller.ts';

export interface Authentication {
  /**
   * Who presents this token; null: nobody. Refuses with `unauthenticated` (unknown, run out, ended: one answer), and for
   * machine tokens with `addressNotAllowed` and `originNotAllowed`. For each HTTP request, a new socket, and `present`.
   */
  authenticate(token: string | null, origin: Origin): Promise<Caller>;
  /**
   * For each request on a live socket: the caller as it is now, or nobody, if it has run out, ended or been revoked. Reads
   * the database each time.
   */
  recheck(caller: Caller): Promise<Caller>;
  /** Of many callers of live sockets at once, in their order: whether each still holds. One query for each kind. */
  stillValid(callers: readonly Caller[]): Promise<readonly boolean[]>;
}

/** Challenges for whoever holds an invite's key and has no account yet. Nothing is stored for them. */
export interface InviteProofs {
  challenge(): { readonly challenge: Uint8Array; readonly expiresAt: number };
  /**
   * Whether `signature` is by the invite's key over this server's challenge (crypto/challenge.ts; in the place of the
   * session stands the InviteId).
   */
  isProven(proof: InviteProof, signPublic: Uint8Array): boolean;
}

export interface InviteProof {
  readonly invite: InviteId;
  readonly challenge: Uint8Array;
  readonly signature: Uint8Array;
}

export interface NewAccount {
  readonly ground: Ground;
  readonly credentials:
    | { readonly kind: 'password'; readonly email: string; readonly password: string }
    | { readonly kind: 'ticket'; readonly ticket: string };
  readonly log: readonly Uint8Array[];
  readonly boxes: readonly UserBox[];
  readonly kitBackup?: Uint8Array | undefined;
  readonly join?: TeamAppend | undefined;
}

/** Signing in and out, and one's sessions. */
export interface Sessions {
  signIn(
    input: { readonly email: string; readonly password: string; readonly code?: string | undefined },
    origin: Origin,
  ): Promise<SignInAnswer>;
  refresh(refreshToken: string, origin: Origin): Promise<Grant>;
  challenge(caller: SessionCaller): Promise<{
    readonly challenge: Uint8Array;
    readonly session: Uint8Array;
    readonly expiresAt: number;
  }>;
  bindDevice(
    caller: SessionCaller,
    proof: { readonly device: DeviceId; readonly signature: Uint8Array },
    origin: Origin,
  ): Promise<Grant>;
  list(caller: SessionCaller): Promise<readonly SessionRow[]>;
  revoke(caller: SessionCaller, session: string, origin: Origin): Promise<void>;
  /** At once, with all that hangs on it. */
  signOut(caller: SessionCaller, origin: Origin): Promise<void>;
}

/** What came of the browser's return from a provider; transport shows it as a static page. */
export type OidcReturn =
  /** Redirect, or a link to press: an address of VS Code's URI handler or on loopback. */
  | { readonly kind: 'uri'; readonly uri: string }
  /** "Go back to VS Code and type this code there." Worth nothing without the verifier that the client holds. */
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'failed'; readonly reason: 'denied' | 'emailNotVerified' | 'ended' | 'provider' };

/** OpenID Connect: authorization code with PKCE; the provider sends the browser back to `RETURN_PATH`. */
export interface Oidc {
  /** As shown on the way in. */
  readonly providers: readonly { readonly id: string; readonly name: string }[];
  start(
    caller: Caller,
    input: {
      readonly provider: string;
      readonly codeChallenge: string;
      readonly back: { readonly kind: 'poll' } | { readonly kind: 'uri'; readonly uri: string };
      readonly link?: boolean | undefined;
    },
    origin: Origin,
  ): Promise<{ readonly url: string; readonly attempt: string; readonly expiresAt: number }>;
  /** For the HTTP route at OIDC_RETURN_PATH: never throws a provider's own words at anybody. */
  handleReturn(query: URLSearchParams, origin: Origin): Promise<OidcReturn>;
  finish(
    input: {
      readonly attempt: string;
      readonly codeVerifier: string;
      readonly returned?: string | undefined;
      readonly code?: string | undefined;
    },
    origin: Origin,
  ): Promise<FinishOidcAnswer>;
}
export const OIDC_RETURN_PATH = '/signed-in';

/** One's own account. */
export interface OwnAccount {
  create(input: NewAccount, origin: Origin): Promise<Grant>;
  about(caller: SessionCaller): Promise<AboutMe>;
  changePassword(
    caller: SessionCaller,
    input: { readonly password: string; readonly newPassword: string },
    origin: Origin,
  ): Promise<void>;
  changeEmail(
    caller: SessionCaller,
    input: { readonly password: string; readonly email: string },
    origin: Origin,
  ): Promise<void>;
  resetPassword(
    input: { readonly secret: string; readonly newPassword: string },
    origin: Origin,
  ): Promise<void>;
  startSecondFactor(caller: SessionCaller): Promise<{ readonly uri: string; readonly secret: string }>;
  confirmSecondFactor(
    caller: SessionCaller,
    code: string,
    origin: Origin,
  ): Promise<{ readonly codes: readonly string[] }>;
  endSecondFactor(
    caller: SessionCaller,
    input: { readonly password?: string | undefined; readonly code: string },
    origin: Origin,
  ): Promise<void>;
  /** Everything that the server holds about the caller, as JSON text. */
  exportAll(caller: SessionCaller, origin: Origin): Promise<string>;
  /** Ends all sessions; the rows are purged by `tidy` after 30 days at the latest. */
  delete(
    caller: SessionCaller,
    proof: { readonly password?: string | undefined; readonly code?: string | undefined },
    origin: Origin,
  ): Promise<void>;
}

export type ApprovalStep = 'hello' | 'answer' | 'reveal' | 'accepted';

/** Carries the messages of team/approval.ts between two devices of one account. One at a time, five minutes, one try. */
export interface Approvals {
  /** By the old device, device-bound. Ends one that was going on. */
  start(caller: SessionCaller): Promise<{ readonly approval: string; readonly expiresAt: number }>;
  put(
    caller: SessionCaller,
    message: { readonly approval: string; readonly step: ApprovalStep; readonly message: Uint8Array },
  ): Promise<void>;
  read(caller: SessionCaller, approval: string | null): Promise<ApprovalAnswer>;
  end(caller: SessionCaller, approval: string): Promise<void>;
}

/** Machine tokens of a workspace. The caller's right was decided before (access.ts). */
export interface MachineTokens {
  create(
    caller: SessionCaller,
    input: Omit<TokenRow, 'id' | 'prefix' | 'createdAt' | 'lastUsedAt'> & {
      readonly workspace: WorkspaceId;
      readonly auth: string;
    },
    origin: Origin,
  ): Promise<TokenRow>;
  rotate(
    caller: SessionCaller,
    input: {
      readonly workspace: WorkspaceId;
      readonly id: string;
      readonly auth: string;
      readonly expiresAt: number;
    },
    origin: Origin,
  ): Promise<TokenRow>;
  revoke(caller: SessionCaller, workspace: WorkspaceId, id: string, origin: Origin): Promise<void>;
  list(workspace: WorkspaceId): Promise<readonly TokenRow[]>;
}

/** By the server's owner, or from the command line of the server. */
export interface Administration {
  hasOwner(): Promise<boolean>;
  /** For the first start and the command `owner-link`; null while there is an owner. An older one ends. */
  makeOwnerLink(): Promise<OneTimeLink | null>;
  makeAccountLink(by: SessionCaller, origin: Origin): Promise<OneTimeLink>;
  /** Null: no such account. `by` null: the command line. */
  makeResetLink(email: string, by: SessionCaller | null, origin: Origin | null): Promise<OneTimeLink | null>;
  listAccounts(): Promise<
    readonly {
      readonly account: AccountId;
      readonly email: string | null;
      readonly createdAt: number;
      readonly lastSeenAt: number | null;
    }[]
  >;
  /** Makes a new pepper for all that is hashed from now on; the old ones go on until nothing needs them. */
  rotatePepper(): Promise<{ readonly version: number; readonly dropped: readonly number[] }>;
}

/** Shown once. `link` is for people: it leads to a page that tells what to paste where, and holds no secret. */
export interface OneTimeLink {
  readonly link: string;
  readonly secret: string;
  readonly expiresAt: number;
}

export interface Accounts {
  readonly authentication: Authentication;
  readonly inviteProofs: InviteProofs;
  readonly sessions: Sessions;
  readonly oidc: Oidc;
  readonly own: OwnAccount;
  readonly approvals: Approvals;
  readonly tokens: MachineTokens;
  readonly administration: Administration;
  readonly registration: 'invitation' | 'open';
  /** As clients connect, and as challenges name it: scheme, host and port, without a slash at the end. */
  readonly publicOrigin: string;
  /** E-mail addresses of these accounts, "according to the server". */
  contacts(
    accounts: readonly AccountId[],
  ): Promise<readonly { readonly account: AccountId; readonly email: string | null }[]>;
  /** Ends what has run out and purges deleted accounts. For the job that runs in one process; idempotent. */
  tidy(): Promise<void>;
}
