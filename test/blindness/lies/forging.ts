// What a liar can make: entries signed by somebody who colludes, records with bytes changed.

import type { DeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import type { Suite } from '@cuebook/shared/crypto/suite';
import { following, type EntrySigner } from '@cuebook/shared/team/log';
import { latest } from '@cuebook/shared/team/history';
import type { SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { teamLog, type TeamAction } from '@cuebook/shared/team/teamEntry';
import type { TestServer } from '../server.ts';

export function firstDevice(account: SampleAccount): DeviceKeys {
  const [device] = account.devices;
  if (device === undefined) throw new Error('An account has a device.');
  return device;
}

/** An entry that follows the server's log and names the end of its feed; signed by whoever is given. */
export function entryOn(
  suite: Suite,
  server: TestServer,
  author: SampleAccount,
  action: TeamAction,
  signers: readonly EntrySigner[] = [signerOf(firstDevice(author))],
): Uint8Array {
  const content = {
    ...following(server.ends.teamLog),
    at: 1_750_000_000_500,
    body: { author: author.id, position: server.position, action },
  };
  return teamLog.compose(suite, content, signers).bytes;
}

export const signerOf = (device: DeviceKeys): EntrySigner => ({ id: device.id, sign: device.sign });

export const headOfAccount = (account: SampleAccount) => latest(account.history).head;

/** One bit changed. */
export const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 1);

/** Some bytes of a header replaced. */
export function replaced(bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(by, at);
  return copy;
}

/** Where fields of a record's header stand (docs/protocol.md, 11). */
export const AT = { counter: 8, workspace: 28, group: 60, stream: 76, author: 92, device: 124 } as const;
