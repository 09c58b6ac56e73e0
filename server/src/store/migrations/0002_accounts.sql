-- Accounts, sessions, machine tokens. Nothing here can be read back into a password, a token or a link: passwords are
-- argon2id, secrets are HMACs under a pepper that lies outside the database, second factors are sealed under one.
--
-- Keys lead with the account or the workspace. What has to be found by something else (an address, the public beginning
-- of a token) has a directory of its own, which names the account and nothing more.

create table accounts (
  account bytea primary key check (length(account) = 32),
  created_at bigint not null,
  -- All about it is erased at once; the row itself, with nothing but times, goes 30 days later.
  deleted_at bigint,
  email text,
  password text,
  last_seen_at bigint
);

create table account_emails (
  email text primary key,
  account bytea not null
);

-- An account at an OpenID Connect provider: known by issuer and subject, never by address.
create table account_identities (
  issuer text not null,
  subject text not null,
  account bytea not null,
  provider text not null,
  linked_at bigint not null,
  primary key (issuer, subject)
);
create index account_identities_of on account_identities (account);

-- Whoever used the link of the first start.
create table server_owner (
  only_row boolean primary key default true check (only_row),
  account bytea not null
);

create table second_factors (
  account bytea primary key,
  sealed bytea not null,
  pepper integer not null,
  confirmed boolean not null,
  -- The last time step whose code was taken: it, and those before, are worth nothing any more.
  last_step bigint not null
);

create table recovery_codes (
  account bytea not null,
  hash bytea not null,
  pepper integer not null,
  primary key (account, hash)
);

-- A session that has ended has no row.
create table sessions (
  account bytea not null,
  session text not null,
  device bytea,
  second_factor boolean not null,
  created_at bigint not null,
  last_used_at bigint not null,
  challenge bytea,
  challenge_until bigint,
  primary key (account, session)
);

create table session_tokens (
  account bytea not null,
  session text not null,
  kind text not null check (kind in ('access', 'refresh')),
  prefix text not null,
  hash bytea not null,
  pepper integer not null,
  expires_at bigint not null,
  -- Of a refresh token: it was exchanged. Presented again, it ends the session.
  used_at bigint,
  primary key (account, session, kind, prefix, hash)
);
create index session_tokens_by_prefix on session_tokens (account, prefix);

create table session_token_directory (
  prefix text not null,
  account bytea not null,
  expires_at bigint not null,
  primary key (prefix, account)
);

create table machine_tokens (
  workspace bytea not null,
  id text not null,
  -- Of the team log's entry, if it reads contents.
  token bytea,
  name text not null,
  prefix text not null,
  hash bytea not null,
  pepper integer not null,
  scopes text[] not null,
  addresses text[] not null,
  origins text[] not null,
  expires_at bigint not null,
  created_at bigint not null,
  created_by bytea not null,
  last_used_at bigint,
  primary key (workspace, id)
);

-- A token that was revoked has no row here, and none above.
create table machine_token_directory (
  prefix text not null,
  id text not null unique,
  workspace bytea not null,
  pepper integer not null,
  primary key (prefix, id)
);

-- Links of the server's owner, and what a provider said of somebody who has no account yet. Used once: then gone.
create table one_time_secrets (
  prefix text not null,
  hash bytea not null,
  pepper integer not null,
  purpose text not null check (purpose in ('owner', 'newAccount', 'resetPassword', 'identity')),
  account bytea,
  identity jsonb,
  expires_at bigint not null,
  primary key (prefix, hash)
);

create table oidc_attempts (
  attempt text primary key,
  provider text not null,
  -- SHA-256 of what only the client holds.
  code_challenge text not null,
  back_uri text,
  link_account bytea,
  link_session text,
  -- What the provider said, once it has.
  outcome jsonb,
  returned_hash bytea,
  returned_pepper integer,
  tries integer not null default 0,
  expires_at bigint not null
);

-- Messages between two devices of one account, one approval at a time.
create table approvals (
  account bytea primary key,
  approval text not null,
  device bytea not null,
  -- The session that said hello; nobody else goes on.
  other_session text,
  hello bytea,
  answer bytea,
  reveal bytea,
  accepted bytea,
  started_at bigint not null,
  expires_at bigint not null
);

-- Counts of failures, as rate-limiter-flexible keeps them. Keys are keyed hashes of addresses and e-mail addresses.
create table guesses (
  key varchar(255) primary key,
  points integer not null default 0,
  expire bigint
);

alter table machine_tokens enable row level security;
alter table machine_tokens force row level security;
create policy app on machine_tokens to cuebook_app using (workspace = (select cuebook_workspace()));
create policy purge on machine_tokens to cuebook_purge using (true);
create policy backup on machine_tokens to cuebook_backup using (true);

grant select, insert, update, delete on
  accounts, account_emails, account_identities, server_owner, second_factors, recovery_codes, sessions, session_tokens,
  session_token_directory, machine_tokens, machine_token_directory, one_time_secrets, oidc_attempts, approvals, guesses
  to cuebook_app, cuebook_backup;
grant select, delete on machine_tokens, machine_token_directory to cuebook_purge;
