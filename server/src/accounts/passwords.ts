// Passwords: argon2id, at more than what OWASP asks for at least (19 MiB, 2 passes), a few at a time, so that a rush of
// sign-ins can neither eat the memory nor hold up everything else that waits for the same threads.
//
// Whoever is unknown, or has no password, is checked all the same, against a hash that nothing fits: both take one run.

import { randomBytes } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { Refusal } from '../problems.ts';

/** PHC string: parameters, salt and hash. */
export type PasswordHash = string;

export interface Passwords {
  hash(password: string): Promise<PasswordHash>;
  /** Null: there is no such account or no password. Takes as long as any other; never true. */
  verify(stored: PasswordHash | null, password: string): Promise<boolean>;
  /** True if it was made with weaker parameters: hash it again while the password is known. */
  isWeak(stored: PasswordHash): boolean;
}

export interface Argon2 {
  /** KiB. */
  readonly memoryCost: number;
  readonly timeCost: number;
}

export const ARGON2: Argon2 = { memoryCost: 46 * 1024, timeCost: 2 };
/** At work at once, of the four threads that Node has for such work; and waiting. */
const AT_ONCE = 2;
const WAITING = 64;

/** `onRun` is for tests: called once for each run of argon2. */
export async function createPasswords(
  cost: Argon2 = ARGON2,
  onRun: (what: 'hash' | 'verify') => void = () => undefined,
): Promise<Passwords> {
  const options = { ...cost, parallelism: 1, outputLen: 32 };
  const take = createTurns(AT_ONCE, WAITING);
  const nobody = await hash(randomBytes(32), options);
  return {
    hash: (password) =>
      take(() => {
        onRun('hash');
        return hash(password.normalize('NFC'), options);
      }),
    verify: (stored, password) =>
      take(async () => {
        onRun('verify');
        const fits = await verify(stored ?? nobody, password.normalize('NFC'));
        return stored !== null && fits;
      }),
    isWeak(stored) {
      const made = parseOptions(stored);
      return made.memoryCost < cost.memoryCost || made.timeCost < cost.timeCost;
    },
  };
}

type Turn = <T>(work: () => Promise<T>) => Promise<T>;

function createTurns(atOnce: number, waiting: number): Turn {
  let running = 0;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnce) {
      if (queue.length >= waiting) {
        throw new Refusal('tooMany', 'Too many passwords are being checked.', { retryAfterSeconds: 5 });
      }
      await new Promise<void>((resolve) => queue.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
