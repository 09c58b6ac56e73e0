// The server's log: one JSON line an event. What may stand in it is decided by type: ids, numbers and fixed words as they
// are; secrets never (`Redacted`); what is about a person, such as an address, only where `debug` was asked for.

import { pino, type DestinationStream } from 'pino';
import type { Redacted } from '@cuebook/shared/util/redacted';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** An e-mail or network address: shown at level `debug`, and else only that there was one. */
export class Personal {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  static reveal(personal: Personal): string {
    return personal.#value;
  }

  toJSON(): string {
    return '‹personal›';
  }

  toString(): string {
    return '‹personal›';
  }
}

export type LogField = string | number | boolean | null | undefined | Personal | Redacted<unknown>;
export type LogFields = Readonly<Record<string, LogField>>;

export interface Log {
  /** `event`: a fixed sentence, never made of data. */
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, error: unknown, fields?: LogFields): void;
}

export function createLog(level: LogLevel, destination: DestinationStream = pino.destination(1)): Log {
  const out = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const shown = (fields: LogFields = {}): object =>
    level === 'debug' ? revealPersonal(fields) : { ...fields };
  return {
    debug: (event, fields) => out.debug(shown(fields), event),
    info: (event, fields) => out.info(shown(fields), event),
    warn: (event, fields) => out.warn(shown(fields), event),
    error: (event, error, fields) => out.error({ ...shown(fields), ...describeError(error) }, event),
  };
}

const revealPersonal = (fields: LogFields): object =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Personal ? Personal.reveal(value) : value,
    ]),
  );

/** Where it happened, without its words: a driver's message may hold what was being written. */
export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const cause = error.cause instanceof Error ? describeError(error.cause) : {};
  return {
    error: error.name,
    code,
    at: frames
      .slice(0, 8)
      .map((frame) => frame.trim())
      .join(' < '),
    causeError: cause['error'],
    causeCode: cause['code'],
    causeAt: cause['at'],
  };
}
