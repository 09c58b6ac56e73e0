// The calls about accounts and teams as data: what forwards all of them needs their names.

import type { TeamsCalls } from '../library/teams.ts';

/** Every call, so that a forgotten one does not compile. */
const callNames: Readonly<Record<keyof TeamsCalls, true>> = {
  overview: true,
  inspectServer: true,
  trustCertificate: true,
  signUp: true,
  signIn: true,
  startProvider: true,
  finishProvider: true,
  signOut: true,
  reconnect: true,
  enrolWithKit: true,
  askForApproval: true,
  confirmApproval: true,
  startApproval: true,
  typeApprovalCode: true,
  endApproval: true,
  devices: true,
  revokeDevice: true,
  cancelAnnouncement: true,
  setNames: true,
  accountDetails: true,
  endSession: true,
  changePassword: true,
  changeEmail: true,
  resetPassword: true,
  startSecondFactor: true,
  confirmSecondFactor: true,
  endSecondFactor: true,
  exportAccount: true,
  deleteAccount: true,
  makeAccountLink: true,
  createTeam: true,
  attachPersonal: true,
  renameTeam: true,
  invite: true,
  invites: true,
  closeInvite: true,
  readInvite: true,
  join: true,
  members: true,
  setRole: true,
  confirmMember: true,
  removalNotice: true,
  removeMember: true,
  setVerified: true,
  teamStateCode: true,
  leave: true,
  transfer: true,
  deleteTeam: true,
  undeleteTeam: true,
  policy: true,
  setPolicy: true,
  sharedKeys: true,
  shareKey: true,
  withdrawKey: true,
  agreeToSharedKey: true,
  openSharedKey: true,
  forgetTeam: true,
  closeHealing: true,
  syncLog: true,
  setOpenPrompts: true,
  presence: true,
};

export const isTeamsCall = (name: string): name is keyof TeamsCalls => Object.hasOwn(callNames, name);

/** Teams whose every call goes to `call`, by name. */
export function forwardTeams(
  call: (name: keyof TeamsCalls, values: readonly unknown[]) => Promise<unknown>,
): TeamsCalls {
  const names = Object.keys(callNames) as (keyof TeamsCalls)[];
  const calls = names.map((name) => [name, async (...values: unknown[]) => call(name, values)] as const);
  // The table above has every name; who answers implements the same interface.
  return Object.fromEntries(calls) as unknown as TeamsCalls;
}
