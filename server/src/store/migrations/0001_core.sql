-- Workspaces, logs, sealed boxes, records, the security log and jobs.
--
-- Every key leads with the workspace's id, or the account's, so that tables can be distributed by it. Ids are their bytes,
-- times are epoch milliseconds of the server's clock. What is sealed is stored as it came.

-- What the transaction is about, as the store says when it begins one.
create function cuebook_workspace() returns bytea language sql stable parallel safe as
  $$ select decode(nullif(current_setting('cuebook.workspace', true), ''), 'hex') $$;
create function cuebook_account() returns bytea language sql stable parallel safe as
  $$ select decode(nullif(current_setting('cuebook.account', true), ''), 'hex') $$;

-- Several workspaces whose heads are asked for at once.
create function cuebook_heads() returns bytea[] language sql stable parallel safe as
  $$ select array(
       select decode(hex, 'hex') from unnest(string_to_array(nullif(current_setting('cuebook.heads', true), ''), ',')) hex
     ) $$;

-- One row: this database's life. Restoring a backup begins another.
create table server (
  only_row boolean primary key default true check (only_row),
  incarnation bytea not null,
  created_at bigint not null,
  restored_at bigint
);

-- The row is the lock: under it Seqs are given out and entries appended, so that the order of commits is theirs.
create table workspaces (
  workspace bytea primary key check (length(workspace) = 32),
  created_at bigint not null,
  seq bigint not null,
  feed_hash bytea not null check (length(feed_hash) = 32),
  head_index bigint not null,
  head_hash bytea not null check (length(head_hash) = 32),
  kind text not null check (kind in ('personal', 'team')),
  require_mfa boolean not null,
  deleted_at bigint,
  -- After a restore, until members have pushed what the backup did not have.
  healing_since bigint,
  -- Rises with every change to anything of the workspace: what was read at one number is still true at it.
  revision bigint not null default 0
);

-- What members had verified before a restore.
create table healing_pins (
  workspace bytea not null,
  account bytea not null,
  head_index bigint not null,
  head_hash bytea not null,
  seq bigint not null,
  feed_hash bytea not null,
  primary key (workspace, account)
);

create table team_log (
  workspace bytea not null,
  index bigint not null,
  hash bytea not null check (length(hash) = 32),
  entry bytea not null,
  received_at bigint not null,
  primary key (workspace, index)
);

-- Who may ask, as the log says; rewritten with every entry, so that a request need not read the log.
create table members (
  workspace bytea not null,
  account bytea not null,
  role text not null check (role in ('viewer', 'editor', 'admin', 'owner')),
  confirmed boolean not null,
  ended boolean not null,
  primary key (workspace, account)
);

-- The same the other way round: where an account is, or was, a member.
create table memberships (
  account bytea not null,
  workspace bytea not null,
  primary key (account, workspace)
);

-- Sealed epoch keys. `source` is empty for the box that the log names, else the account that sealed the key anew: nobody
-- replaces another's.
create table epoch_boxes (
  workspace bytea not null,
  kind text not null check (kind in ('member', 'invite', 'token')),
  recipient bytea not null,
  epoch bigint not null,
  generation bigint not null,
  source bytea not null,
  box bytea not null,
  primary key (workspace, kind, recipient, epoch, generation, source)
);

create table records (
  workspace bytea not null,
  seq bigint not null,
  id bytea not null check (length(id) = 32),
  group_id bytea not null check (length(group_id) = 16),
  stream bytea not null check (length(stream) = 16),
  -- Of the feed up to and with this record.
  feed_hash bytea not null check (length(feed_hash) = 32),
  -- True once the ciphertext has been erased: `bytes` is a tombstone.
  purged boolean not null default false,
  bytes bytea not null,
  primary key (workspace, seq)
);
create unique index records_by_id on records (workspace, id);
create index records_by_group on records (workspace, group_id, seq) where not purged;
-- Ciphertext does not compress.
alter table records alter column bytes set storage external;

create table streams (
  workspace bytea not null,
  stream bytea not null,
  group_id bytea not null,
  head bytea not null,
  primary key (workspace, stream)
);

create table groups (
  workspace bytea not null,
  group_id bytea not null,
  trashed_at bigint,
  purged_at bigint,
  primary key (workspace, group_id)
);
create index groups_in_trash on groups (workspace, group_id) where trashed_at is not null and purged_at is null;

create table account_heads (
  account bytea primary key check (length(account) = 32),
  index bigint not null,
  hash bytea not null check (length(hash) = 32)
);

create table account_log (
  account bytea not null,
  index bigint not null,
  hash bytea not null check (length(hash) = 32),
  entry bytea not null,
  received_at bigint not null,
  primary key (account, index)
);

create table account_boxes (
  account bytea not null,
  device bytea not null,
  generation bigint not null,
  -- False for the one box that was put later for a key that the log had named already.
  from_log boolean not null,
  box bytea not null,
  primary key (account, device, generation, from_log)
);

create table kit_backups (
  account bytea primary key,
  box bytea not null
);

-- Append-only. The server's own log has an empty workspace.
create table audit (
  workspace bytea not null,
  number bigint generated always as identity,
  at bigint not null,
  what text not null,
  account bytea,
  address text,
  details jsonb not null,
  request_id text,
  primary key (workspace, number)
);

-- What runs in one process at a time. A run is a lease: whoever dies loses it.
create table jobs (
  name text primary key,
  next_at bigint not null,
  leased_until bigint not null,
  holder text not null
);

-- The application reads and writes one workspace at a time, and sees no other even if a query forgot to say so.
alter table workspaces enable row level security;
alter table workspaces force row level security;
alter table healing_pins enable row level security;
alter table healing_pins force row level security;
alter table team_log enable row level security;
alter table team_log force row level security;
alter table members enable row level security;
alter table members force row level security;
alter table memberships enable row level security;
alter table memberships force row level security;
alter table epoch_boxes enable row level security;
alter table epoch_boxes force row level security;
alter table records enable row level security;
alter table records force row level security;
alter table streams enable row level security;
alter table streams force row level security;
alter table groups enable row level security;
alter table groups force row level security;
alter table account_heads enable row level security;
alter table account_heads force row level security;
alter table account_log enable row level security;
alter table account_log force row level security;
alter table account_boxes enable row level security;
alter table account_boxes force row level security;
alter table kit_backups enable row level security;
alter table kit_backups force row level security;
alter table audit enable row level security;
alter table audit force row level security;

create policy app on workspaces to cuebook_app
  using (workspace = (select cuebook_workspace()));
-- An account sees where it is or was: the heads, not what is inside.
create policy app_member on workspaces for select to cuebook_app
  using (
    (select cuebook_account()) is not null
    and exists (
      select from memberships
      where memberships.account = (select cuebook_account()) and memberships.workspace = workspaces.workspace
    )
  );
create policy app_heads on workspaces for select to cuebook_app using (workspace = any ((select cuebook_heads())::bytea[]));
create policy app on healing_pins to cuebook_app using (workspace = (select cuebook_workspace()));
create policy app on team_log to cuebook_app using (workspace = (select cuebook_workspace()));
create policy app on members to cuebook_app using (workspace = (select cuebook_workspace()));
create policy app on memberships to cuebook_app
  using (account = (select cuebook_account()) or workspace = (select cuebook_workspace()));
create policy app on epoch_boxes to cuebook_app using (workspace = (select cuebook_workspace()));
create policy app on records to cuebook_app using (workspace = (select cuebook_workspace()));
create policy app on streams to cuebook_app using (workspace = (select cuebook_workspace()));
create policy app on groups to cuebook_app using (workspace = (select cuebook_workspace()));
create policy app on audit to cuebook_app using (workspace = coalesce((select cuebook_workspace()), ''));

create policy app on account_heads to cuebook_app using (account = (select cuebook_account()));
create policy app on account_log to cuebook_app using (account = (select cuebook_account()));
create policy app on account_boxes to cuebook_app using (account = (select cuebook_account()));
create policy app on kit_backups to cuebook_app using (account = (select cuebook_account()));
-- The log of somebody who is or was in the workspace belongs to what its members verify.
create policy app_member on account_log for select to cuebook_app
  using (
    exists (
      select from members
      where members.workspace = (select cuebook_workspace()) and members.account = account_log.account
    )
  );
create policy app_member on account_heads for select to cuebook_app
  using (
    exists (
      select from members
      where members.workspace = (select cuebook_workspace()) and members.account = account_heads.account
    )
  );

do $$
declare
  every text;
begin
  -- Purge and backup go through all workspaces, each as a role of its own that can do nothing else.
  foreach every in array array[
    'workspaces', 'healing_pins', 'team_log', 'members', 'memberships', 'epoch_boxes', 'records', 'streams', 'groups',
    'account_heads', 'account_log', 'account_boxes', 'kit_backups', 'audit'
  ] loop
    execute format('grant select, insert, update, delete on %I to cuebook_app', every);
    execute format('create policy purge on %I to cuebook_purge using (true)', every);
    execute format('create policy backup on %I to cuebook_backup using (true)', every);
  end loop;
end
$$;

-- The security log is only ever added to; the feed only grows, and what is in it changes only by being erased.
revoke update, delete on audit from cuebook_app;
revoke update, delete on team_log, account_log from cuebook_app;
grant select on server to cuebook_app, cuebook_purge;
grant select, delete on
  workspaces, healing_pins, team_log, members, memberships, epoch_boxes, records, streams, groups,
  account_heads, account_log, account_boxes, kit_backups, audit
  to cuebook_purge;
grant update (purged, bytes) on records to cuebook_purge;
grant update (revision) on workspaces to cuebook_purge;
grant update (purged_at, trashed_at) on groups to cuebook_purge;
grant select, insert, update on jobs to cuebook_purge;
grant select, insert, update, delete on all tables in schema public to cuebook_backup;
grant usage, select, update on all sequences in schema public to cuebook_backup;

-- What follows in log and feed, and where they end, in one journey: the hottest read there is. Says itself which workspace
-- it is about; stable, so all of it is of one snapshot.
create function cuebook_tail(
  in_workspace bytea, after_seq bigint, from_index bigint,
  item_limit bigint, item_bytes bigint, entry_limit bigint, entry_bytes bigint
) returns table (
  kind text, number bigint, id bytea, bytes bytea, feed_hash bytea, head_index bigint, head_hash bytea, is_healing boolean
) language plpgsql stable as $$
begin
  perform set_config('cuebook.workspace', encode(in_workspace, 'hex'), true);
  return query
    select 'end', w.seq, null::bytea, null::bytea, w.feed_hash, w.head_index, w.head_hash, w.healing_since is not null
    from workspaces w where w.workspace = in_workspace;
  return query
    select 'entry', page.index, null::bytea, page.entry, null::bytea, null::bigint, null::bytea, null::boolean
    from (
      select l.index, l.entry, sum(length(l.entry)) over (order by l.index) - length(l.entry) as before
      from team_log l where l.workspace = in_workspace and l.index >= from_index
      order by l.index limit entry_limit
    ) page where page.before < entry_bytes order by page.index;
  return query
    select 'item', page.seq, page.id, page.bytes, null::bytea, null::bigint, null::bytea, null::boolean
    from (
      select r.seq, r.id, r.bytes, sum(length(r.bytes)) over (order by r.seq) - length(r.bytes) as before
      from records r where r.workspace = in_workspace and r.seq > after_seq
      order by r.seq limit item_limit
    ) page where page.before < item_bytes order by page.seq;
end
$$;
revoke execute on function cuebook_tail from public;
grant execute on function cuebook_tail to cuebook_app;

-- Takes the lock under which records are appended, and reads what they are judged by as it is under the lock: each statement
-- of a volatile function sees what has been committed before it. Columns mean what `kind` says.
create function cuebook_lock_for_append(
  in_workspace bytea, record_ids bytea[], in_streams bytea[], in_groups bytea[], in_seqs bigint[]
) returns table (kind text, name bytea, value bytea, number bigint, other bigint, since bigint)
language plpgsql volatile as $$
begin
  return query
    select 'workspace', w.head_hash, w.feed_hash, w.seq, w.head_index, w.healing_since
    from workspaces w where w.workspace = in_workspace for update;
  return query
    select 'record', r.id, r.stream, r.seq, null::bigint, null::bigint
    from records r where r.workspace = in_workspace and r.id = any (record_ids);
  return query
    select 'stream', s.stream, s.head, null::bigint, null::bigint, null::bigint
    from streams s where s.workspace = in_workspace and s.stream = any (in_streams);
  return query
    select 'group', g.group_id, null::bytea, g.trashed_at, g.purged_at, null::bigint
    from groups g where g.workspace = in_workspace and g.group_id = any (in_groups);
  return query
    select 'feed', null::bytea, r.feed_hash, r.seq, null::bigint, null::bigint
    from records r where r.workspace = in_workspace and r.seq = any (in_seqs);
end
$$;
revoke execute on function cuebook_lock_for_append from public;
grant execute on function cuebook_lock_for_append to cuebook_app;
