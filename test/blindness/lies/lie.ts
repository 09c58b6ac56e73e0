// The shape of a row in the table of lies.

import { expect } from 'vitest';
import type { AlarmCode } from '@cuebook/shared/client/alarms';
import type { Standing } from '@cuebook/shared/client/standing';
import type { QuarantineReason } from '@cuebook/shared/replica/ports';
import type { TestClient } from '../client.ts';
import type { World } from '../world.ts';

export interface Lie {
  /** What the server does. */
  readonly lie: string;
  /** In words for people. */
  readonly sees: string;
  /** Codes of alarms, and reasons for which records are set aside; empty: nothing, ever. In order of the alphabet. */
  readonly codes: readonly (AlarmCode | QuarantineReason)[];
  readonly when: When;
  /** What the client may still do. */
  readonly standing: Standing;
  /** Tells the story up to the moment `when`, and gives the client that was lied to. */
  readonly act: (world: World) => Promise<TestClient>;
}

export type When =
  | 'when it is read'
  | 'when something arrives by somebody who saw more'
  | 'when the server shows both to one person'
  | 'when the feed passes the place'
  | 'when the held back entry comes'
  | 'when two people compare'
  | 'never';

/** The lie has been told, and this client sees nothing of it yet. */
export function seesNothing(client: TestClient): void {
  expect(client.seen).toEqual([]);
  expect(client.standing).toBe('writes');
}
