// Expected failures as values. A broken invariant throws; everything that may happen in a sound program is a `Result`.

export type Result<T, P> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: P };

/** A failure that code can switch on and a person can read. `message` never holds content of prompts or keys. */
export interface Problem<Code extends string> {
  readonly code: Code;
  readonly message: string;
}

export const succeed = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

export const fail = <Code extends string>(
  code: Code,
  message: string,
): { readonly ok: false; readonly problem: Problem<Code> } => ({ ok: false, problem: { code, message } });
