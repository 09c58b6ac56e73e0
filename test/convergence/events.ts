// The kinds of things that happen in the simulation. Every one must have happened in some seed: a simulation in which
// something never comes up shows nothing about it.

export const EVENTS = [
  // The network and the machines.
  'connection lost',
  'message delivered twice',
  'requests overtake each other',
  'answer overtakes the feed',
  'restart from a snapshot',
  'restart from the records alone',
  'offline for long',
  // Prompts.
  'texts merged',
  'conflict resolved',
  'folders moved into each other',
  'purged while others had pending work',
  'provider key shared at the end',
  // The team.
  'member removed',
  'member removed with pending work',
  'member left',
  'key changed',
  'owed key changed by somebody else',
  'device revoked',
  'device added',
  'demoted to viewer',
  'promoted',
  'ownership transferred',
  'joined late',
  'joined without a key, sealed by a member',
  'joined again',
  'label protected',
  'protected label moved by somebody who did not know',
  'two entries at once: the second judged anew',
  // The server.
  'server restored from an older backup',
  'back only after healing was closed',
  // What the server said to pushes.
  'push was behind',
  'push under an old key',
  'push while a key was owed',
  'push of a purged prompt',
  'push by somebody who may not write',
] as const;

/** Of these a few dozen seeds may have none, a thousand may not. */
export const RARE_EVENTS = [
  'restored without a purge that had been done',
  'provider key shared by somebody who was no admin any more',
] as const;

export type EventName = (typeof EVENTS | typeof RARE_EVENTS)[number];

export type EventCounts = Map<EventName, number>;
