// What the rest of the extension may ask of servers, accounts, teams and sync.
//
// Answered by the library's worker, like `api.ts`, and in the same style: plain structured-clonable data, expected
// failures as values with a code. Views never keep what is here: they ask again after `onDidChange`. Texts in it (names of
// teams, members and devices) are content: never in a log, a memento or a setting.
//
// Kits, invite codes and passwords pass through here once and are shown in a modal only.

import type { LibraryProblemCode, PromptId, RecoveryKit, WorkspaceId } from './api.ts';

/** An origin, such as `https://cuebook.example.com` or `http://127.0.0.1:4810`: how a server is named everywhere. */
export type ServerAddress = string & { readonly __brand: 'ServerAddress' };
/** Id of an account: hash of its log's `create` entry, lower-case base32. One person has one on each server. */
export type AccountId = string & { readonly __brand: 'AccountId' };
export type DeviceId = string & { readonly __brand: 'DeviceId' };
export type InviteId = string & { readonly __brand: 'InviteId' };

export type Role = 'viewer' | 'editor' | 'admin' | 'owner';

// --- Problems ---

export type TeamsProblemCode =
  | LibraryProblemCode
  // The way to the server
  | 'addressInvalid'
  /** No answer: no network, or the server is down. `offline` also if this account has no connection now. */
  | 'offline'
  | 'notCuebook'
  /** Nobody known vouches for the server's certificate: show `certificate`, ask, then `trustCertificate`. */
  | 'certificateUnknown'
  /** A certificate was trusted for this server, and it shows another one now. Never asked silently. */
  | 'certificateChanged'
  | 'proxyFailed'
  | 'updateCuebook'
  | 'updateServer'
  | 'serverFailed'
  // Accounts
  | 'signInNeeded'
  | 'wrongCredentials'
  | 'wrongCode'
  | 'passwordTooCommon'
  | 'passwordTooShort'
  | 'emailTaken'
  | 'emailInvalid'
  | 'linkEnded'
  | 'registrationClosed'
  | 'tooManyAttempts'
  | 'secondFactorNeeded'
  | 'accountKnown'
  | 'deviceNeeded'
  /** This device was taken out of the account: `message` says when and how. */
  | 'deviceRevoked'
  | 'approvalFailed'
  | 'kitOfOtherAccount'
  // Teams
  | 'notMember'
  | 'notAllowed'
  | 'lastOwner'
  | 'inviteInvalid'
  | 'inviteEnded'
  | 'alreadyMember'
  /** Somebody changed the team meanwhile, several times: try again. */
  | 'changedMeanwhile'
  | 'keyMissing'
  /** An alarm keeps this team read-only (`WorkspaceSync`). */
  | 'alarmed';

/** `message` says what and where, `action` what to do; both for the user, without content. */
export interface TeamsProblem {
  readonly code: TeamsProblemCode;
  readonly message: string;
  readonly action: string;
  /** With `tooManyAttempts` and `serverFailed`, where the server said so. */
  readonly retryAfterSeconds?: number;
  /** With `certificateUnknown` and `certificateChanged`. */
  readonly certificate?: ServerCertificate;
}

export type TeamsResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: TeamsProblem };

// --- Servers ---

export interface ServerCertificate {
  readonly server: ServerAddress;
  /** SHA-256 of the certificate, upper-case hex in pairs joined by `:`, as other programs show it. */
  readonly fingerprint: string;
  /** Of the one that was trusted before, or null. */
  readonly trustedFingerprint: string | null;
  readonly subject: string;
  readonly issuer: string;
  readonly validTo: string;
}

export interface ServerSummary {
  readonly address: ServerAddress;
  readonly version: string;
  /** Who may make an account without an invite or a link. */
  readonly registration: 'invitation' | 'open';
  readonly passwords: boolean;
  readonly providers: readonly { readonly id: string; readonly name: string }[];
  /** Fingerprint of the certificate that the user trusted, or null: authorities vouch for it. */
  readonly trustedFingerprint: string | null;
}

// --- Accounts ---

/** What allows an account to be made. `link`: the owner's link or the secret in it. */
export type SignUpGround =
  | { readonly kind: 'link'; readonly text: string }
  | { readonly kind: 'invite'; readonly text: string }
  | { readonly kind: 'open' };

export type Credentials =
  | { readonly kind: 'password'; readonly email: string; readonly password: string }
  /** From `SignInStep` `accountNeeded`. */
  | { readonly kind: 'ticket'; readonly ticket: string };

export interface SignUp {
  readonly server: ServerAddress;
  readonly ground: SignUpGround;
  readonly credentials: Credentials;
  /** Sealed in each team; shown to members only. */
  readonly displayName: string;
  readonly deviceName: string;
}

export interface SignedUp {
  readonly account: AccountId;
  /** The kit of an account that was made now. Null: the account of this library, whose kit `recoveryKit()` offers. */
  readonly kit: RecoveryKit | null;
  /** Joined along with it, by an invite. */
  readonly joined: WorkspaceId | null;
}

export type SignInStep =
  /** `device`: what this device still needs. `ready`: it is in the account and syncs from now on. */
  | { readonly kind: 'signedIn'; readonly account: AccountId; readonly device: 'ready' | 'needed' }
  /** Ask for the code of the authenticator, or a recovery code, and send everything again with it. */
  | { readonly kind: 'codeNeeded' }
  /** The provider knows the person and this server does not: `signUp` with the ticket. */
  | { readonly kind: 'accountNeeded'; readonly ticket: string; readonly email: string };

/** `waiting`: not done in the browser yet. `typeCode`: done; ask for the code that the page shows, send it as `returned`. */
export type ProviderStep =
  | SignInStep
  | { readonly kind: 'waiting' }
  | { readonly kind: 'typeCode' }
  | { readonly kind: 'linked' };

export interface ProviderAttempt {
  /** For the browser. */
  readonly url: string;
  readonly attempt: string;
  readonly expiresAt: number;
}

export interface AccountSummary {
  readonly id: AccountId;
  /** Null: the account of this library, not on any server yet. */
  readonly server: ServerAddress | null;
  /** As it was typed here, or as the server says. */
  readonly email: string | null;
  readonly displayName: string;
  readonly deviceName: string;
  readonly device: DeviceId;
  /** `deviceNeeded`: signed in, but this device is not in the account: `enrolWithKit` or `askForApproval`. */
  readonly session: 'none' | 'signedOut' | 'deviceNeeded' | 'signedIn';
  readonly connection: Connection;
  /** Sixty digits in groups of five, to be compared by people. */
  readonly fingerprint: string;
  readonly approval: Approval | null;
  /** A device or the kit is going to be taken out by one device alone: time to cancel. */
  readonly announcements: readonly Announcement[];
  /** This device was taken out of the account, as the account's own log says. */
  readonly revocation: Revocation | null;
}

export interface Revocation {
  /** Epoch milliseconds, as the entry claims. */
  readonly at: number;
  readonly by: 'kit' | 'itself' | 'otherDevice';
}

export interface AccountDetails {
  readonly email: string | null;
  readonly hasPassword: boolean;
  readonly providers: readonly { readonly id: string; readonly name: string }[];
  readonly secondFactor: boolean;
  readonly recoveryCodesLeft: number;
  readonly isServerOwner: boolean;
  readonly sessions: readonly {
    readonly id: string;
    readonly device: DeviceId | null;
    readonly createdAt: number;
    readonly lastUsedAt: number;
    readonly isThis: boolean;
  }[];
}

/** Approving a new device, step by step. `old` states stand on the device that approves, `new` on the one approved. */
export type Approval =
  | { readonly side: 'old'; readonly step: 'waiting'; readonly expiresAt: number }
  /** Ask for the code that stands on the new device's screen: one try (`typeApprovalCode`). */
  | { readonly side: 'old'; readonly step: 'typeCode'; readonly expiresAt: number }
  | { readonly side: 'old'; readonly step: 'done' }
  | { readonly side: 'new'; readonly step: 'waiting'; readonly expiresAt: number }
  /** Show it, and ask "Did the other device accept it?" (`confirmApproval`). */
  | { readonly side: 'new'; readonly step: 'showCode'; readonly code: string; readonly expiresAt: number }
  | {
      readonly side: 'old' | 'new';
      readonly step: 'failed';
      readonly reason: 'wrongCode' | 'tooLate' | 'malformed' | 'notAccepted' | 'ended';
    };

export interface Announcement {
  /** Index of the entry in the account's log: what `cancelAnnouncement` takes. */
  readonly index: number;
  readonly what: 'revoke' | 'replaceKit';
  readonly device: DeviceId;
  /** From then on it can be done. */
  readonly dueAt: number;
}

export interface DeviceSummary {
  readonly id: DeviceId;
  readonly kind: 'device' | 'kit';
  /** As its owner named it in a workspace; empty if not known. */
  readonly name: string;
  /** Author's clock. */
  readonly addedAt: number;
  readonly isThis: boolean;
  readonly ended: boolean;
}

/** `announced`: one device alone may do it after seven days, and all devices are told meanwhile. */
export type Revoked = { readonly kind: 'revoked' } | { readonly kind: 'announced'; readonly dueAt: number };

// --- Connection and sync ---

export type Connection =
  /** Not on a server, signed out, or another window of this library holds it and tells nothing new. */
  | { readonly kind: 'none' }
  | { readonly kind: 'offline'; readonly since: number; readonly retryAt: number | null }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'online'; readonly since: number }
  /** The session is over. Work goes on, syncing waits. */
  | { readonly kind: 'signInNeeded' }
  /** Does not get better by itself: certificate, version, proxy. */
  | { readonly kind: 'problem'; readonly problem: TeamsProblem };

/** What is not as it should be, with a stable code (shared/src/client/alarms.ts) and the place. */
export interface SyncAlarm {
  readonly code: string;
  /** `forever`: read-only, never healed automatically. `whileItLasts`: read-only until the server shows it again. */
  readonly effect: 'forever' | 'whileItLasts' | 'told';
  readonly account: AccountId | null;
  /** "The server is missing N items." */
  readonly missing: number | null;
}

/** `pending`: versions and changes of this device that the server does not have yet. */
export type WorkspaceSync =
  /** On this computer only. */
  | { readonly kind: 'local' }
  | { readonly kind: 'offline'; readonly pending: number }
  | { readonly kind: 'connecting'; readonly pending: number }
  | {
      readonly kind: 'catchingUp';
      readonly done: number;
      readonly total: number;
      readonly pending: number;
    }
  /** `toMerge`: prompts of which a version waits here until somebody has merged it; absent for none. */
  | { readonly kind: 'live'; readonly pending: number; readonly toMerge?: number }
  /** Reading goes on where it can; sending waits for somebody or something. */
  | { readonly kind: 'waiting'; readonly for: SyncWait; readonly pending: number }
  /** Over for this account. Everything that was here stays, can be read and exported. */
  | { readonly kind: 'ended'; readonly why: SyncEnd; readonly pending: number }
  | { readonly kind: 'problem'; readonly alarms: readonly SyncAlarm[]; readonly pending: number };

export type SyncWait =
  /** An admin has to confirm this member. */
  | 'confirmation'
  /** Another member has to come online to hand over the key. */
  | 'key'
  /** Somebody left: an editor who is online makes a new key. */
  | 'newKey'
  /** The server was restored and takes back what everybody has. */
  | 'healing';

export type SyncEnd = 'removed' | 'left' | 'deleted' | 'deviceRevoked';

/** One line of "Show Sync Log": a code and numbers, no content. Newest first. */
export interface SyncLogLine {
  readonly at: number;
  readonly code: SyncLogCode;
  readonly server: ServerAddress | null;
  readonly workspace: WorkspaceId | null;
  /** How many, where it counts something. */
  readonly count: number | null;
  /** A further code: of the alarm, the problem or the refusal. */
  readonly detail: string | null;
}

export type SyncLogCode =
  | 'connected'
  | 'disconnected'
  | 'connectFailed'
  | 'signInNeeded'
  | 'caughtUp'
  | 'received'
  | 'sent'
  | 'refused'
  | 'resealed'
  | 'quarantined'
  | 'alarm'
  /** The server says that this account is not in the team; its entry that says why may still come (`removed`). */
  | 'accessRefused'
  | 'serverRestored'
  | 'healed'
  | 'memberJoined'
  | 'memberEnded'
  | 'roleChanged'
  | 'keyRotated'
  | 'keyHandedOver'
  | 'removed'
  | 'deviceAdded'
  | 'deviceRevoked';

// --- Teams ---

export interface TeamSummary {
  readonly id: WorkspaceId;
  readonly kind: 'personal' | 'team';
  readonly name: string;
  /** Whose membership it is, and so on which server. */
  readonly account: AccountId;
  readonly server: ServerAddress | null;
  /** Of this account; null if it is no member any more. */
  readonly role: Role | null;
  /** Whether prompts may be changed here now. */
  readonly mayEdit: boolean;
  readonly memberCount: number;
  readonly sync: WorkspaceSync;
  /** Prompts that others changed since they were last opened here. */
  readonly unread: number;
  /** Epoch milliseconds, or null: in the trash until it is purged 30 days later. */
  readonly deletedAt: number | null;
}

export interface MemberSummary {
  readonly account: AccountId;
  readonly isSelf: boolean;
  readonly role: Role;
  /** `waiting`: joined, and an admin has to confirm. `former`: kept so that history verifies. */
  readonly state: 'member' | 'waiting' | 'former';
  /** As that person writes it, sealed; empty until they have. */
  readonly displayName: string;
  /** "According to the server"; null if it does not say or there is no connection. */
  readonly email: string | null;
  /** Sixty digits in groups of five. */
  readonly fingerprint: string;
  /** The user compared fingerprints and said that they are equal. */
  readonly verified: boolean;
  /** `lookAlike`: reads like another member's name. `changed`: another name than when it was last shown. */
  readonly nameWarning: 'lookAlike' | 'changed' | null;
  /** Author's clock. */
  readonly joinedAt: number;
  readonly isOnline: boolean;
}

export interface NewInvite {
  readonly workspace: WorkspaceId;
  readonly role: Role;
  /** 1 to 1000; exactly 1 for admins and owners. */
  readonly uses: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** A secret: shown once, in a modal. */
export interface MadeInvite {
  readonly id: InviteId;
  /** Opens VS Code; holds the secret. */
  readonly link: string;
  /** For a browser; says how to go on, and does not hold the secret: the code is given separately. */
  readonly page: string;
  /** To be pasted into VS Code. Holds the secret. */
  readonly code: string;
}

export interface InviteSummary {
  readonly id: InviteId;
  readonly role: Role;
  readonly usesLeft: number;
  readonly expiresAt: number;
  readonly by: AccountId;
}

/** What an invite says before one joins: verified from the team's log. The team's name is sealed and comes with joining. */
export interface InvitePreview {
  readonly server: ServerAddress;
  readonly workspace: WorkspaceId;
  readonly kind: 'personal' | 'team';
  readonly role: Role;
  readonly expiresAt: number;
  readonly memberCount: number;
  readonly invitedBy: { readonly account: AccountId; readonly fingerprint: string };
  /** An admin confirms newcomers first. */
  readonly needsConfirmation: boolean;
  /** Accounts of this library that are on that server. */
  readonly accounts: readonly AccountId[];
  readonly isMemberAlready: boolean;
}

/** What removing somebody cannot undo, in numbers, to be said before. */
export interface RemovalNotice {
  /** Prompts they may have copied. */
  readonly prompts: number;
  /** Open invites, which a removal closes. */
  readonly invites: number;
}

export interface TeamPolicy {
  readonly confirmJoins: boolean;
  readonly requireSecondFactor: boolean;
  /** Labels that only some may move. Names that are not known here show as null. */
  readonly protectedLabels: readonly { readonly name: string | null; readonly least: Role }[];
}

/** A provider key that a team shares, as members see it. The key itself is in no answer but `openSharedKey`'s. */
export interface SharedKey {
  /** As prompts name it: `openai` in `openai/gpt-4o`. */
  readonly provider: string;
  readonly api: 'openai' | 'anthropic' | 'google' | 'openrouter' | 'openai-compatible';
  readonly label: string;
  /** Where the key and texts are sent, as the admin who shared it wrote it: to be checked before it is used. */
  readonly address: string;
  /** Author's clock. */
  readonly savedAt: number;
  /** `sk-proj-abc…xyz9` */
  readonly mask: string;
  /** The user of this computer has agreed to this key at this address. */
  readonly agreed: boolean;
}

/** One who has a prompt of a team open, in another window or on another machine. */
export interface Present {
  readonly workspace: WorkspaceId;
  readonly prompt: PromptId;
  readonly account: AccountId;
  readonly displayName: string;
  readonly isEditing: boolean;
}

// --- Calls ---

export interface TeamsOverview {
  readonly accounts: readonly AccountSummary[];
  readonly servers: readonly ServerSummary[];
  readonly teams: readonly TeamSummary[];
}

/** Every call may answer with a problem; none throws for an expected failure. */
export interface TeamsCalls {
  /** From memory, without any network. */
  overview(): Promise<TeamsResult<TeamsOverview>>;

  /** Looks at a server before anything is sent to it. `address` as typed: a host is enough. */
  inspectServer(address: string): Promise<TeamsResult<ServerSummary>>;
  /** After the user compared and accepted exactly this certificate. */
  trustCertificate(certificate: ServerCertificate): Promise<TeamsResult<null>>;

  signUp(given: SignUp): Promise<TeamsResult<SignedUp>>;
  signIn(given: {
    server: ServerAddress;
    email: string;
    password: string;
    code?: string;
    deviceName: string;
  }): Promise<TeamsResult<SignInStep>>;
  /** `uri`: where the browser hands back, from `env.asExternalUri`; null where none can: then `finishProvider` is polled. */
  startProvider(given: {
    server: ServerAddress;
    provider: string;
    uri: string | null;
    /** Links the provider to this account instead of signing in. */
    link?: AccountId;
  }): Promise<TeamsResult<ProviderAttempt>>;
  /** `returned`: from the URI, or typed from the page. Absent: asks whether it is done (every two seconds). */
  finishProvider(given: {
    attempt: string;
    returned?: string;
    code?: string;
    deviceName: string;
  }): Promise<TeamsResult<ProviderStep>>;
  /** Ends the session at once. Prompts stay on this computer. */
  signOut(account: AccountId): Promise<TeamsResult<null>>;
  /**
   * Tries again now instead of at `retryAt`; also after sleep or a change of network. `waiting`: only where a pause between
   * two attempts is waited out, and in the window that holds the connection.
   */
  reconnect(which?: 'waiting'): Promise<TeamsResult<null>>;

  /** New device: with the account's recovery kit. */
  enrolWithKit(account: AccountId, code: string): Promise<TeamsResult<null>>;
  /** New device: waits for a device that approves; go on by `AccountSummary.approval`. */
  askForApproval(account: AccountId): Promise<TeamsResult<null>>;
  /** New device: what the person said to "Did the other device accept the code?". */
  confirmApproval(account: AccountId, accepted: boolean): Promise<TeamsResult<null>>;
  /** Old device: started by the person there; one at a time, five minutes. */
  startApproval(account: AccountId): Promise<TeamsResult<null>>;
  typeApprovalCode(account: AccountId, code: string): Promise<TeamsResult<null>>;
  endApproval(account: AccountId): Promise<TeamsResult<null>>;

  devices(account: AccountId): Promise<TeamsResult<readonly DeviceSummary[]>>;
  /** `kit`: with the kit at once, or alone after seven days. The own device: at once. */
  revokeDevice(account: AccountId, device: DeviceId, kit?: string): Promise<TeamsResult<Revoked>>;
  cancelAnnouncement(account: AccountId, index: number): Promise<TeamsResult<null>>;
  setNames(
    account: AccountId,
    names: { displayName?: string; deviceName?: string },
  ): Promise<TeamsResult<null>>;

  accountDetails(account: AccountId): Promise<TeamsResult<AccountDetails>>;
  endSession(account: AccountId, session: string): Promise<TeamsResult<null>>;
  changePassword(
    account: AccountId,
    change: { password: string; newPassword: string },
  ): Promise<TeamsResult<null>>;
  changeEmail(account: AccountId, change: { password: string; email: string }): Promise<TeamsResult<null>>;
  /** With a one-time link of the server's owner. Gives sign-in back, never keys. */
  resetPassword(given: {
    server: ServerAddress;
    link: string;
    newPassword: string;
  }): Promise<TeamsResult<null>>;
  startSecondFactor(account: AccountId): Promise<TeamsResult<{ uri: string; secret: string }>>;
  /** Answers recovery codes: shown once, in a modal. */
  confirmSecondFactor(account: AccountId, code: string): Promise<TeamsResult<readonly string[]>>;
  endSecondFactor(account: AccountId, given: { password?: string; code: string }): Promise<TeamsResult<null>>;
  /** Everything that the server holds about this account, as JSON text. */
  exportAccount(account: AccountId): Promise<TeamsResult<string>>;
  /** Leaves all teams first; refused as `lastOwner` where nobody else owns one. Prompts stay on this computer. */
  deleteAccount(account: AccountId, given: { password?: string; code?: string }): Promise<TeamsResult<null>>;
  /** By the server's owner. A secret: shown once. */
  makeAccountLink(
    account: AccountId,
    what: { kind: 'newAccount' } | { kind: 'resetPassword'; email: string },
  ): Promise<TeamsResult<{ link: string; expiresAt: number }>>;

  createTeam(given: { account: AccountId; name: string }): Promise<TeamsResult<WorkspaceId>>;
  /** Pushes what is already there. From then on it is on that server too. */
  attachPersonal(workspace: WorkspaceId, account: AccountId): Promise<TeamsResult<null>>;
  renameTeam(workspace: WorkspaceId, name: string): Promise<TeamsResult<null>>;
  invite(given: NewInvite): Promise<TeamsResult<MadeInvite>>;
  invites(workspace: WorkspaceId): Promise<TeamsResult<readonly InviteSummary[]>>;
  closeInvite(workspace: WorkspaceId, invite: InviteId): Promise<TeamsResult<null>>;
  /** `text`: link or code as pasted. `server`: where the code alone does not say. */
  readInvite(text: string, server?: ServerAddress): Promise<TeamsResult<InvitePreview>>;
  join(given: {
    text: string;
    server?: ServerAddress;
    account: AccountId;
  }): Promise<TeamsResult<WorkspaceId>>;

  members(workspace: WorkspaceId): Promise<TeamsResult<readonly MemberSummary[]>>;
  setRole(workspace: WorkspaceId, member: AccountId, role: Role): Promise<TeamsResult<null>>;
  confirmMember(workspace: WorkspaceId, member: AccountId): Promise<TeamsResult<null>>;
  removalNotice(workspace: WorkspaceId, member: AccountId): Promise<TeamsResult<RemovalNotice>>;
  removeMember(workspace: WorkspaceId, member: AccountId): Promise<TeamsResult<null>>;
  setVerified(member: AccountId, verified: boolean): Promise<TeamsResult<null>>;
  /** Sixty digits: equal for two members exactly if they see the same team log. */
  teamStateCode(workspace: WorkspaceId): Promise<TeamsResult<string>>;
  leave(workspace: WorkspaceId): Promise<TeamsResult<null>>;
  transfer(workspace: WorkspaceId, to: AccountId): Promise<TeamsResult<null>>;
  deleteTeam(workspace: WorkspaceId): Promise<TeamsResult<null>>;
  undeleteTeam(workspace: WorkspaceId): Promise<TeamsResult<null>>;
  policy(workspace: WorkspaceId): Promise<TeamsResult<TeamPolicy>>;
  setPolicy(workspace: WorkspaceId, policy: TeamPolicy): Promise<TeamsResult<null>>;
  sharedKeys(workspace: WorkspaceId): Promise<TeamsResult<readonly SharedKey[]>>;
  /** By an admin; puts it in the place of the one that is shared for this provider. */
  shareKey(
    given: Omit<SharedKey, 'savedAt' | 'mask' | 'agreed'> & { workspace: WorkspaceId; key: string },
  ): Promise<TeamsResult<null>>;
  /** By an admin. Members who had it still have it: only the provider can revoke it. */
  withdrawKey(workspace: WorkspaceId, provider: string): Promise<TeamsResult<null>>;
  /** After the user has seen team and address and said yes. */
  agreeToSharedKey(given: {
    workspace: WorkspaceId;
    provider: string;
    address: string;
  }): Promise<TeamsResult<null>>;
  /** The key itself, for a run and for nothing else. Refused for an address that the user has not agreed to. */
  openSharedKey(given: {
    workspace: WorkspaceId;
    provider: string;
    address: string;
  }): Promise<TeamsResult<string>>;
  /** Takes what is on this computer of a team that one left away. Only after `ended`. */
  forgetTeam(workspace: WorkspaceId): Promise<TeamsResult<null>>;
  /** By an owner, after a restore: goes on with what there is. */
  closeHealing(workspace: WorkspaceId): Promise<TeamsResult<null>>;

  syncLog(limit: number): Promise<TeamsResult<readonly SyncLogLine[]>>;
  /** The prompts that this window has open now; sealed and of one size on the wire. */
  setOpenPrompts(
    prompts: readonly { readonly id: PromptId; readonly isEditing: boolean }[],
  ): Promise<TeamsResult<null>>;
  presence(): Promise<TeamsResult<readonly Present[]>>;
}

/** What changed; sent after it is durable. */
export interface TeamsChange {
  /** Accounts, teams, connection or sync state. */
  readonly overview: boolean;
  /** Teams whose members, roles, invites or policy changed. */
  readonly members: readonly WorkspaceId[];
  readonly syncLog: boolean;
  readonly presence: boolean;
}

export interface Teams extends TeamsCalls {
  /** Returns the function that ends the subscription. */
  onDidChange(listener: (change: TeamsChange) => void): () => void;
}

/** How VS Code reaches an address: its own settings, the environment's, the system's. */
export interface NetworkWay {
  /** `http://user:password@host:port` of the proxy, or null: directly. */
  readonly proxy: string | null;
  /** Whether what the operating system trusts is trusted. The worker reads it: that takes a fifth of a second. */
  readonly systemCertificates: boolean;
}

/** What the worker asks of the extension host for servers. */
export interface TeamsHostCalls {
  networkWay(address: string): Promise<NetworkWay>;
  teamsChanged(change: TeamsChange): void;
}
