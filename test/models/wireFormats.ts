// Streams as providers send them, byte for byte what a fault server cuts, delays or garbles.

import type { ServedKind } from './modelServer.ts';

/** The events of one whole answer, each ready to be written. */
export function streamedAnswer(kind: ServedKind, pieces: readonly string[]): readonly string[] {
  switch (kind) {
    case 'openai':
    case 'openai-compatible':
    case 'openrouter':
      return [
        ...pieces.map((content) => chatChunk({ content }, null)),
        chatChunk({}, 'stop'),
        data({
          ...chatBase,
          choices: [],
          usage: { prompt_tokens: 11, completion_tokens: 6, total_tokens: 17 },
        }),
        'data: [DONE]\n\n',
      ];
    case 'anthropic':
      return [
        named('message_start', {
          message: {
            id: 'msg_1',
            type: 'message',
            role: 'assistant',
            content: [],
            model: 'claude-sonnet-4-5',
            stop_reason: null,
            stop_sequence: null,
            usage: { input_tokens: 11, output_tokens: 1 },
          },
        }),
        named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
        ...pieces.map((text) =>
          named('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
        ),
        named('content_block_stop', { index: 0 }),
        named('message_delta', {
          delta: { stop_reason: 'end_turn', stop_sequence: null },
          usage: { output_tokens: 6 },
        }),
        named('message_stop', {}),
      ];
    case 'google':
      return [
        ...pieces.map((text) =>
          data({ candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0 }] }),
        ),
        data({
          candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, index: 0, finishReason: 'STOP' }],
          usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 6, totalTokenCount: 17 },
        }),
      ];
  }
}

const chatBase = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'test' };

function chatChunk(delta: object, finish: string | null): string {
  return data({ ...chatBase, choices: [{ index: 0, delta, finish_reason: finish }] });
}

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function named(type: string, value: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`;
}
