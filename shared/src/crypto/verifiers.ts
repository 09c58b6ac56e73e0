// Verifiers that are kept: preparing one costs more than using it, and the same few devices sign everything. What was
// worked out ahead, beside the thread, is kept until it is asked for.

import { bytesToBase32 } from '../encoding/base32.ts';
import { equalBytes } from '../util/bytes.ts';
import type { Ed25519Verifier, VerifyPrimitives } from './primitives.ts';
import { passesSelfTestBeside } from './selfTest.ts';

export interface Verifiers {
  /** Null if the key breaks the rule of crypto/ed25519Rule.ts. */
  of(publicKey: Uint8Array): Ed25519Verifier | null;
}

export interface VerifiersAhead extends Verifiers {
  /**
   * Works out an answer beside this thread; the verifier of this key then has it when it is asked the same. Does nothing
   * where the platform cannot: the verifier answers all the same, only not at once.
   */
  ahead(publicKey: Uint8Array, signed: Signed): Promise<void>;
}

export interface Signed {
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** As many as a large team has devices. Beyond that the oldest is dropped and prepared again when needed. */
const CAPACITY = 4096;
/** Answers that nobody has asked for, of one key. */
const ANSWERS_CAPACITY = 2048;

interface Kept {
  readonly verifier: Ed25519Verifier;
  /** By signature, in base32. */
  readonly answers: Map<string, { readonly message: Uint8Array; readonly isRight: boolean }>;
}

export function createVerifiers(primitives: Pick<VerifyPrimitives, 'ed25519Verifier'>): VerifiersAhead {
  const kept = new Map<string, Kept | null>();
  let isTrusted: Promise<boolean> | null = null;

  const keptOf = (publicKey: Uint8Array): Kept | null => {
    const name = bytesToBase32(publicKey);
    const known = kept.get(name);
    if (known !== undefined) return known;
    if (kept.size >= CAPACITY) dropOldest(kept);
    const verifier = primitives.ed25519Verifier(publicKey);
    const made = verifier === null ? null : keep(verifier);
    kept.set(name, made);
    return made;
  };

  return {
    of: (publicKey) => keptOf(publicKey)?.verifier ?? null,
    async ahead(publicKey, { message, signature }) {
      const found = keptOf(publicKey);
      if (found?.verifier.beside === undefined) return;
      isTrusted ??= passesSelfTestBeside(primitives);
      const isRight = (await isTrusted) ? await answerOf(found.verifier.beside(message, signature)) : null;
      if (isRight === null) return;
      if (found.answers.size >= ANSWERS_CAPACITY) dropOldest(found.answers);
      found.answers.set(bytesToBase32(signature), { message: message.slice(), isRight });
    },
  };
}

/** Null if the platform failed: then it is asked again on the thread, instead of calling a signature wrong. */
async function answerOf(asked: Promise<boolean>): Promise<boolean | null> {
  try {
    return await asked;
  } catch {
    return null;
  }
}

function keep(made: Ed25519Verifier): Kept {
  const answers: Kept['answers'] = new Map();
  const taken = (message: Uint8Array, signature: Uint8Array): boolean | null => {
    if (answers.size === 0) return null;
    const name = bytesToBase32(signature);
    const answer = answers.get(name);
    if (answer === undefined || !equalBytes(answer.message, message)) return null;
    answers.delete(name);
    return answer.isRight;
  };
  const verify: Ed25519Verifier = (message, signature) =>
    taken(message, signature) ?? made(message, signature);
  const { beside } = made;
  return { verifier: beside === undefined ? verify : Object.assign(verify, { beside }), answers };
}

function dropOldest(kept: Map<string, unknown>): void {
  for (const name of kept.keys()) {
    kept.delete(name);
    return;
  }
}
