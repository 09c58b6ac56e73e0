// Carries the messages of a device's approval (team/approval.ts) between two devices of one account. What they mean is
// none of the server's business; it keeps to one approval at a time, five minutes, each message once, in its order, and
// from the device whose turn it is.

import type { ApprovalAnswer } from '@cuebook/shared/protocol/account';
import { APPROVAL_MS } from '@cuebook/shared/team/approval';
import type { SessionCaller } from '../caller.ts';
import { Refusal } from '../problems.ts';
import {
  deleteApproval,
  putApprovalMessage,
  readApproval,
  startApproval,
  type ApprovalRow,
} from '../store/accountsSecrets.ts';
import type { Approvals, ApprovalStep } from './api.ts';
import type { Ground } from './ground.ts';
import { createRowId } from './secrets.ts';

const STEPS: readonly ApprovalStep[] = ['hello', 'answer', 'reveal', 'accepted'];

export function createApprovals(ground: Pick<Ground, 'database' | 'now'>): Approvals {
  const { database, now } = ground;
  return {
    async start(caller) {
      if (caller.device === null) throw new Refusal('deviceNeeded', 'A device of the account approves.');
      const startedAt = now();
      const approval = {
        approval: createRowId(),
        device: caller.device,
        startedAt,
        expiresAt: startedAt + APPROVAL_MS,
      };
      await database.transact({ account: caller.account }, (sql) =>
        startApproval(sql, caller.account, approval),
      );
      return { approval: approval.approval, expiresAt: approval.expiresAt };
    },
    put: (caller, { approval, step, message }) =>
      database.transact({ account: caller.account }, async (sql) => {
        const row = await readApproval(sql, caller.account, now());
        if (row === null || row.approval !== approval) throw noSuchApproval();
        requireTurn(row, step, caller);
        const other = step === 'hello' ? caller.session : null;
        await putApprovalMessage(sql, caller.account, step, message, other);
      }),
    read: (caller, approval) =>
      database.transact({ account: caller.account }, async (sql) => {
        const row = await readApproval(sql, caller.account, now());
        return row === null || (approval !== null && row.approval !== approval) ? null : toAnswer(row);
      }),
    end: (caller, approval) =>
      database.transact({ account: caller.account }, (sql) => deleteApproval(sql, caller.account, approval)),
  };
}

const noSuchApproval = (): Refusal => new Refusal('ended', 'There is no such approval, or it is over.');

/** The approving device answers and accepts; one other session greets and reveals. */
function requireTurn(row: ApprovalRow, step: ApprovalStep, caller: SessionCaller): void {
  const isApprover = caller.device === row.device;
  const isNext =
    row[step] === null && STEPS.slice(0, STEPS.indexOf(step)).every((before) => row[before] !== null);
  const isTheirs =
    step === 'answer' || step === 'accepted'
      ? isApprover
      : !isApprover && (row.otherSession === null || row.otherSession === caller.session);
  if (!isNext || !isTheirs)
    throw new Refusal('conflict', 'It is not the turn of this message.', { field: 'step' });
}

const toAnswer = (row: ApprovalRow): NonNullable<ApprovalAnswer> => ({
  approval: row.approval,
  startedAt: row.startedAt,
  expiresAt: row.expiresAt,
  messages: STEPS.flatMap((step) => {
    const message = row[step];
    return message === null ? [] : [{ step, message }];
  }),
});
