-- Members who say that no box of theirs opens to the key that the log commits to, until somebody has sealed it anew. One
-- report a member, the newest.
create table box_reports (
  workspace bytea not null,
  account bytea not null,
  epoch bigint not null,
  generation bigint not null,
  primary key (workspace, account)
);

alter table box_reports enable row level security;
alter table box_reports force row level security;
create policy app on box_reports to cuebook_app using (workspace = (select cuebook_workspace()));
create policy purge on box_reports to cuebook_purge using (true);
create policy backup on box_reports to cuebook_backup using (true);
grant select, insert, update, delete on box_reports to cuebook_app, cuebook_backup;
grant select, delete on box_reports to cuebook_purge;
