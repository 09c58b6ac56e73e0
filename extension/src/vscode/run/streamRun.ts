// One run from the first byte to the last: asks the model, follows what comes, and gives the finished run. What arrived
// is kept however it ends.

import * as vscode from 'vscode';
import type { RunMessage, WorkspaceId } from '../../library/api.ts';
import { defaultTimeouts, type ModelEvent, type RunFailure, type RunParameters } from '../../models/api.ts';
import { parseModelReference } from '../../models/modelReference.ts';
import { advance, beginRun, isOver, type RunProgress } from '../../run/runProgress.ts';
import { keysForRun } from '../keys/teamKeys.ts';
import type { Services } from '../services.ts';

export interface ModelCall {
  /** Whose shared keys may be used where the user has none; null: no team's. */
  readonly workspaceId: WorkspaceId | null;
  readonly model: string;
  readonly messages: readonly RunMessage[];
  readonly parameters: RunParameters;
  readonly schema: unknown;
  readonly notices: readonly string[];
}

export interface StreamOptions {
  readonly abort: AbortController;
  readonly onProgress: (progress: RunProgress) => void;
}

export async function streamRun(
  services: Services,
  call: ModelCall,
  { abort, onProgress }: StreamOptions,
): Promise<RunProgress> {
  let progress = beginRun(Date.now(), call.notices);
  const take = (event: ModelEvent): void => {
    const wasOver = isOver(progress);
    progress = advance(progress, event, Date.now());
    onProgress(progress);
    // Ended here and not by the model: close the connection.
    if (!wasOver && isOver(progress) && event.type === 'text') abort.abort();
  };
  onProgress(progress);
  try {
    for await (const event of events(services, call, abort.signal)) take(event);
  } catch (error) {
    // Never with the message: it may quote the prompt or the answer.
    services.log.error(`A run ended unexpectedly: ${error instanceof Error ? error.name : typeof error}`);
    take(failed(unexpected()));
  }
  if (!isOver(progress)) take(failed(unexpected()));
  const provider = parseModelReference(call.model)?.provider ?? '';
  const keys = await keysForRun(services, call.workspaceId);
  await keys.spent(provider, progress.usage?.cost ?? null);
  return progress;
}

async function* events(services: Services, call: ModelCall, signal: AbortSignal): AsyncIterable<ModelEvent> {
  const reference = parseModelReference(call.model);
  const keys = await keysForRun(services, call.workspaceId);
  const endpoint = reference === null ? null : keys.endpoint(reference.provider);
  if (reference === null || endpoint === null) {
    yield failed(noProvider(call.model));
    return;
  }
  const key = await keys.key(endpoint.id);
  if (endpoint.needsKey && key === null) {
    yield failed(noKey(endpoint.label));
    return;
  }
  yield* services.models.stream(
    {
      endpoint,
      model: reference.model,
      messages: call.messages,
      parameters: call.parameters,
      timeouts: defaultTimeouts,
      ...(call.schema === undefined ? {} : { schema: call.schema }),
    },
    { key, signal },
  );
}

function failed(failure: RunFailure): ModelEvent {
  return {
    type: 'failed',
    failure,
    usage: { inputTokens: null, outputTokens: null, cost: null, estimated: true },
  };
}

function noProvider(model: string): RunFailure {
  return {
    kind: 'unknownModel',
    message: vscode.l10n.t('There is no provider for “{0}”.', model),
    action: vscode.l10n.t('Choose another model, or set the provider up.'),
    status: null,
  };
}

function noKey(provider: string): RunFailure {
  return {
    kind: 'noKey',
    message: vscode.l10n.t('There is no key for {0}.', provider),
    action: vscode.l10n.t('Add one, or choose a model of another provider.'),
    status: null,
  };
}

function unexpected(): RunFailure {
  return {
    kind: 'badAnswer',
    message: vscode.l10n.t('The run ended in a way that Cuebook does not know.'),
    action: vscode.l10n.t('Try again. If it happens again, the log says which part failed.'),
    status: null,
  };
}
