// The model worker, with one way to die: a call that counts tokens for the model `die` throws outside of any call.

import { parentPort } from 'node:worker_threads';
import '../../../extension/src/node/modelWorker.ts';

parentPort?.on('message', (message: { m?: string; a?: readonly unknown[] }) => {
  if (message.m !== 'countTokens' || message.a?.[0] !== 'die') return;
  setImmediate(() => {
    throw new Error('a defect, made for this test');
  });
});
