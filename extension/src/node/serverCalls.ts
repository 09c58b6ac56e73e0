// The procedures of a server as typed calls over a socket. Every answer is parsed here, once, by the schemas that both
// sides share; an answer of another shape ends as `ServerRefusal` `internal`, since nothing can be made of it.

import * as z from 'zod/mini';
import * as account from '@cuebook/shared/protocol/account';
import * as record from '@cuebook/shared/protocol/record';
import { serverInfo } from '@cuebook/shared/protocol/server';
import * as session from '@cuebook/shared/protocol/session';
import * as workspace from '@cuebook/shared/protocol/workspace';
import { ServerRefusal, type ServerSocket } from './serverSocket.ts';

type Schema = z.ZodMiniType;

/** A procedure: its kind, what it takes, what it answers. Null: nothing. */
interface Procedure {
  readonly kind: 'query' | 'mutation';
  readonly input: Schema | null;
  readonly answer: Schema | null;
}

const query = <I extends Schema | null, A extends Schema | null>(input: I, answer: A) =>
  ({ kind: 'query', input, answer }) as const;
const mutation = <I extends Schema | null, A extends Schema | null>(input: I, answer: A) =>
  ({ kind: 'mutation', input, answer }) as const;

const procedures = {
  'server.info': query(null, serverInfo),
  'server.makeLink': mutation(account.makeLinkInput, account.makeLinkAnswer),
  'session.signIn': mutation(session.signInInput, session.signInAnswer),
  'session.startOidc': mutation(session.startOidcInput, session.startOidcAnswer),
  'session.finishOidc': mutation(session.finishOidcInput, session.finishOidcAnswer),
  'session.refresh': mutation(session.refreshInput, session.grant),
  'session.present': mutation(session.presentInput, null),
  'session.challenge': mutation(null, session.challengeAnswer),
  'session.bindDevice': mutation(session.bindDeviceInput, session.grant),
  'session.list': query(null, session.sessionsAnswer),
  'session.revoke': mutation(session.revokeSessionInput, null),
  'session.signOut': mutation(null, null),
  'account.inviteChallenge': mutation(null, account.inviteChallengeAnswer),
  'account.create': mutation(account.createAccountInput, account.createAccountAnswer),
  'account.about': query(null, account.aboutMe),
  'account.readLog': query(account.readAccountLogInput, account.accountLogAnswer),
  'account.appendLog': mutation(account.appendAccountLogInput, account.appendAccountLogAnswer),
  'account.readBoxes': query(account.readUserBoxesInput, account.userBoxesAnswer),
  'account.putBoxes': mutation(account.putUserBoxesInput, null),
  'account.readKitBackup': query(null, account.kitBackupAnswer),
  'account.putKitBackup': mutation(account.kitBackupInput, null),
  'account.changePassword': mutation(account.changePasswordInput, null),
  'account.changeEmail': mutation(account.changeEmailInput, null),
  'account.resetPassword': mutation(account.resetPasswordInput, null),
  'account.startSecondFactor': mutation(null, account.startSecondFactorAnswer),
  'account.confirmSecondFactor': mutation(account.confirmSecondFactorInput, account.recoveryCodesAnswer),
  'account.endSecondFactor': mutation(account.endSecondFactorInput, null),
  'account.startApproval': mutation(null, account.startApprovalAnswer),
  'account.putApproval': mutation(account.putApprovalInput, null),
  'account.readApproval': query(account.readApprovalInput, account.approvalAnswer),
  'account.endApproval': mutation(account.endApprovalInput, null),
  'account.export': mutation(null, account.exportAnswer),
  'account.delete': mutation(account.deleteAccountInput, null),
  'workspace.list': query(null, workspace.workspacesAnswer),
  'workspace.create': mutation(workspace.teamAppend, workspace.teamAppendAnswer),
  'workspace.join': mutation(workspace.joinInput, workspace.teamAppendAnswer),
  'workspace.head': query(workspace.readWorkspaceInput, workspace.workspaceRow),
  'workspace.appendLog': mutation(workspace.teamAppend, workspace.teamAppendAnswer),
  'workspace.readLog': query(workspace.readTeamLogInput, workspace.teamLogAnswer),
  'workspace.readAccount': query(workspace.readAccountInput, workspace.readAccountAnswer),
  'workspace.readBoxes': query(workspace.readEpochBoxesInput, workspace.epochBoxesAnswer),
  'workspace.putBoxes': mutation(workspace.putEpochBoxesInput, null),
  'workspace.reportBox': mutation(workspace.reportBoxInput, null),
  'workspace.wantedBoxes': query(workspace.readWorkspaceInput, workspace.wantedBoxesAnswer),
  'workspace.contacts': query(workspace.contactsInput, workspace.contactsAnswer),
  'workspace.openInvite': query(workspace.openInviteInput, workspace.openInviteAnswer),
  'workspace.healing': query(workspace.readWorkspaceInput, workspace.healingAnswer),
  'workspace.offerPin': mutation(workspace.offerPinInput, workspace.healingAnswer),
  'workspace.heal': mutation(workspace.healInput, workspace.healingAnswer),
  'workspace.closeHealing': mutation(workspace.closeHealingInput, workspace.healingAnswer),
  'record.append': mutation(record.appendInput, record.appendAnswer),
  'record.readFeed': query(record.readFeedInput, record.feedAnswer),
  'record.presence': mutation(record.presenceInput, null),
} as const satisfies Readonly<Record<string, Procedure>>;

export type Path = keyof typeof procedures;
type InputOf<P extends Path> = (typeof procedures)[P]['input'] extends infer S extends Schema
  ? [input: z.input<S>]
  : [];
type AnswerOf<P extends Path> = (typeof procedures)[P]['answer'] extends infer S extends Schema
  ? z.output<S>
  : null;

export interface ServerCalls {
  /** Rejects with `ServerRefusal` or `ConnectionLost`. */
  readonly ask: <P extends Path>(path: P, ...input: InputOf<P>) => Promise<AnswerOf<P>>;
  /** Answers how to end it. `ended`: by the server, null if it was all. */
  readonly follow: (
    input: z.input<typeof record.followInput>,
    subscriber: {
      next(message: record.FollowMessage): void;
      ended(refusal: ServerRefusal | null): void;
    },
  ) => () => void;
}

export function callsOver(socket: ServerSocket): ServerCalls {
  return {
    ask: async <P extends Path>(path: P, ...[input]: InputOf<P>) => {
      const { kind, answer } = procedures[path] as Procedure;
      const given = await socket.ask(kind, path, input);
      return (answer === null ? null : parsed(answer, given)) as AnswerOf<P>;
    },
    follow: (input, subscriber) =>
      socket.follow('record.follow', input, {
        next: (data) => subscriber.next(parsed(record.followMessage, data)),
        ended: (refusal) => subscriber.ended(refusal),
      }),
  };
}

function parsed<S extends Schema>(schema: S, given: unknown): z.output<S> {
  const result = z.safeParse(schema, given);
  if (result.success) return result.data;
  throw new ServerRefusal('internal', null);
}
