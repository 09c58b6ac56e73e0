// A wrapper for secrets that cannot be printed by accident: not by string conversion, JSON, template literals,
// `console.log` or an inspector. The only way to the value is `reveal`, which is easy to search for in a review.

/** What any attempt to print a secret shows. */
export const REDACTED = '‹redacted›';

// The key that Node's `util.inspect` looks for; registered globally, so no import of node: is needed.
const inspect = Symbol.for('nodejs.util.inspect.custom');

export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The secret itself. Callers hand it to a primitive and keep no copy. */
  static reveal<T>(secret: Redacted<T>): T {
    return secret.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [inspect](): string {
    return REDACTED;
  }
}

export const redact = <T>(value: T): Redacted<T> => new Redacted(value);
export const reveal = <T>(secret: Redacted<T>): T => Redacted.reveal(secret);
