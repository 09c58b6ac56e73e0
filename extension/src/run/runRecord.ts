// A run on its way into the sealed local history, and back from it into the panel.

import type { RunId, RunMessage, RunRecord } from '../library/api.ts';
import type { RunParameters } from '../models/api.ts';
import type { RunProgress } from './runProgress.ts';

export interface RunIdentity {
  readonly promptId: RunRecord['promptId'];
  readonly promptName: string;
  readonly revisionId: RunRecord['revisionId'];
}

export function toRunRecord(run: {
  readonly id: RunId;
  readonly prompt: RunIdentity;
  readonly model: string;
  readonly parameters: RunParameters;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly messages: readonly RunMessage[];
  readonly progress: RunProgress;
}): RunRecord {
  const { progress, parameters } = run;
  const { temperature, maxOutputTokens, topP } = parameters;
  return {
    id: run.id,
    ...run.prompt,
    model: run.model,
    parameters: {
      ...(temperature !== undefined && { temperature }),
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
      ...(topP !== undefined && { topP }),
    },
    inputs: run.inputs,
    messages: run.messages,
    output: progress.answer,
    status: statusOf(progress),
    failure: progress.failure === null ? null : `${progress.failure.message} ${progress.failure.action}`,
    startedAt: progress.startedAt,
    firstTokenMs: progress.firstTokenMs,
    totalMs: progress.totalMs ?? 0,
    usage: progress.usage ?? { inputTokens: null, outputTokens: null, cost: null, estimated: true },
  };
}

function statusOf(progress: RunProgress): RunRecord['status'] {
  switch (progress.phase) {
    case 'done':
      return 'done';
    case 'failed':
      return 'failed';
    case 'preparing':
    case 'waiting':
    case 'retrying':
    case 'streaming':
    case 'stopped':
      return 'stopped';
  }
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** 26 characters of lower-case base32 from 16 random bytes. */
export function newRunId(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>): RunId {
  let bits = '';
  for (const byte of random(new Uint8Array(16))) bits += byte.toString(2).padStart(8, '0');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)]).join('') as RunId;
}
