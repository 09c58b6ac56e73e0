-- Appends in one journey: what a process expects of a workspace comes with what is to be written, is compared under the
-- lock, and everything is written if all of it is so. If anything is otherwise nothing is written and the answer is false:
-- then the caller takes the lock, reads, and judges by what it read (cuebook_lock_for_append).
--
-- Lists of things of one length come as one string of bytes each, in the same order; `none` in heads is zeros. What follows
-- the lock are statements of a volatile function: each sees what had been committed when it began.
create function cuebook_append(
  in_workspace bytea,
  -- Where feed and log end.
  at_seq bigint, at_feed_hash bytea, at_index bigint, at_entry bytea,
  -- Sessions that hold, with their accounts and devices (32 each).
  in_sessions text[], in_accounts bytea, in_devices bytea,
  -- The records: id (32), feed hash (32), stream (16), group (16), and where each ends in `in_bytes`.
  in_ids bytea, in_feed_hashes bytea, in_streams bytea, in_groups bytea, in_ends int[], in_bytes bytea,
  -- The streams (16): of which group (16), the head that each has (32) and will have (32).
  head_streams bytea, head_groups bytea, head_before bytea, head_after bytea,
  -- The groups (16), none of which is purged, and since when they will be in the trash.
  mark_groups bytea, mark_times bigint[],
  -- Records that are there (32), in these streams (16); and feed hashes (32) at these Seqs.
  parent_ids bytea, parent_streams bytea, seen_seqs bigint[], seen_hashes bytea
) returns boolean language plpgsql volatile
-- A few rows of large tables, each found by its key, also where this was planned while the tables were empty. For the same
-- reason what is compared are subqueries of one row: a planner makes no joins of those.
set enable_seqscan = off
as $$
declare
  none constant bytea := decode(repeat('00', 32), 'hex');
  last int := coalesce(array_length(in_ends, 1), 0) - 1;
  new_seq bigint := at_seq + last + 1;
  inserted int;
begin
  perform set_config('cuebook.workspace', encode(in_workspace, 'hex'), true);
  -- Whoever waited for the lock compares with what is there after the waiting.
  perform from workspaces w
    where w.workspace = in_workspace and w.seq = at_seq and w.feed_hash = at_feed_hash
      and w.head_index = at_index and w.head_hash = at_entry and w.healing_since is null
    for update;
  if not found then return false; end if;
  if exists (
      select from unnest(in_sessions) with ordinality as asked (session, n)
      where (
        select s.device from sessions s
        where s.account = substring(in_accounts from asked.n::int * 32 - 31 for 32) and s.session = asked.session
      ) is distinct from substring(in_devices from asked.n::int * 32 - 31 for 32))
    or exists (
      select from generate_series(0, last) n
      where (
        select r.seq from records r where r.workspace = in_workspace and r.id = substring(in_ids from n * 32 + 1 for 32)
      ) is not null)
    or exists (
      select from generate_series(0, length(head_streams) / 16 - 1) n
      where coalesce((
        select s.head from streams s
        where s.workspace = in_workspace and s.stream = substring(head_streams from n * 16 + 1 for 16)
      ), none) <> substring(head_before from n * 32 + 1 for 32))
    or exists (
      select from generate_series(0, length(mark_groups) / 16 - 1) n
      where (
        select g.purged_at from groups g
        where g.workspace = in_workspace and g.group_id = substring(mark_groups from n * 16 + 1 for 16)
      ) is not null)
  then return false; end if;
  if parent_ids <> '' and exists (
      select from generate_series(0, length(parent_ids) / 32 - 1) n
      where (
        select r.stream from records r
        where r.workspace = in_workspace and r.id = substring(parent_ids from n * 32 + 1 for 32)
      ) is distinct from substring(parent_streams from n * 16 + 1 for 16))
  then return false; end if;
  if seen_hashes <> '' and exists (
      select from unnest(seen_seqs) with ordinality as asked (seq, n)
      where (
        select r.feed_hash from records r where r.workspace = in_workspace and r.seq = asked.seq
      ) is distinct from substring(seen_hashes from asked.n::int * 32 - 31 for 32))
  then return false; end if;
  insert into records (workspace, seq, id, group_id, stream, feed_hash, bytes)
    select in_workspace, at_seq + n, substring(in_ids from n * 32 - 31 for 32),
      substring(in_groups from n * 16 - 15 for 16), substring(in_streams from n * 16 - 15 for 16),
      substring(in_feed_hashes from n * 32 - 31 for 32),
      substring(in_bytes from begins + 1 for ends - begins)
    from (
      select n::int as n, each as ends, coalesce(lag(each) over (order by n), 0) as begins
      from unnest(in_ends) with ordinality as list (each, n)
    ) list;
  -- Under the lock nobody else adds any: what is not there is inserted without asking again, which is half of the work.
  insert into streams (workspace, stream, group_id, head)
    select in_workspace, substring(head_streams from n * 16 + 1 for 16), substring(head_groups from n * 16 + 1 for 16),
      substring(head_after from n * 32 + 1 for 32)
    from generate_series(0, length(head_streams) / 16 - 1) n
    where substring(head_before from n * 32 + 1 for 32) = none;
  get diagnostics inserted = row_count;
  if inserted < length(head_streams) / 16 then
    insert into streams (workspace, stream, group_id, head)
      select in_workspace, substring(head_streams from n * 16 + 1 for 16), substring(head_groups from n * 16 + 1 for 16),
        substring(head_after from n * 32 + 1 for 32)
      from generate_series(0, length(head_streams) / 16 - 1) n
      where substring(head_before from n * 32 + 1 for 32) <> none
      on conflict (workspace, stream) do update set head = excluded.head;
  end if;
  insert into groups (workspace, group_id, trashed_at)
    select in_workspace, substring(mark_groups from n::int * 16 - 15 for 16), since
    from unnest(mark_times) with ordinality as list (since, n)
    where (
      select g.group_id from groups g
      where g.workspace = in_workspace and g.group_id = substring(mark_groups from n::int * 16 - 15 for 16)
    ) is null;
  get diagnostics inserted = row_count;
  if inserted < length(mark_groups) / 16 then
    insert into groups (workspace, group_id, trashed_at)
      select in_workspace, substring(mark_groups from n::int * 16 - 15 for 16), since
      from unnest(mark_times) with ordinality as list (since, n)
      on conflict (workspace, group_id) do update set trashed_at = excluded.trashed_at
      where groups.trashed_at is distinct from excluded.trashed_at;
  end if;
  update workspaces set revision = revision + 1, seq = new_seq,
      feed_hash = substring(in_feed_hashes from last * 32 + 1 for 32)
    where workspace = in_workspace;
  return true;
end
$$;
revoke execute on function cuebook_append from public;
grant execute on function cuebook_append to cuebook_app;
