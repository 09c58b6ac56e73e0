// The four roles and what each may do, in one table that the fold, the judge of records and the UI all read.

export const ROLES = ['viewer', 'editor', 'admin', 'owner'] as const;

export type Role = (typeof ROLES)[number];

/** True if `role` may do all that `least` may. */
export const isAtLeast = (role: Role, least: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(least);

export const isAbove = (role: Role, other: Role): boolean => ROLES.indexOf(role) > ROLES.indexOf(other);

/** The least role for what stands in the team log, and for records. Who is concerned is checked by the fold. */
export const LEAST_ROLE = {
  writeRecord: 'editor',
  purgeRecord: 'admin',
  shareProviderKey: 'admin',
  invite: 'admin',
  close: 'admin',
  confirm: 'admin',
  role: 'admin',
  remove: 'admin',
  rotate: 'editor',
  token: 'admin',
  policy: 'admin',
  transfer: 'owner',
  delete: 'owner',
  undelete: 'owner',
  rules: 'owner',
} as const satisfies Readonly<Record<string, Role>>;
