// The one secret of a store: its key and the seed of this device, kept in the editor's secret storage under a name that
// holds the store's id. Everything else is sealed under it. Owns its name and form; never in a log or a file.

import type { LibraryHostCalls } from '../library/api.ts';

export interface StoreSecret {
  /** 32 random bytes; all local values are sealed under keys derived from it. */
  readonly storeKey: Uint8Array;
  /** 32 random bytes; the device's signing and box keys come from it. */
  readonly deviceSeed: Uint8Array;
}

type Secrets = Pick<LibraryHostCalls, 'getSecret' | 'setSecret'>;

const partBytes = 32;
const prefix = 'v1.';

export const nameOfSecret = (storeId: string): string => `cuebook.library.${storeId}`;

/** Null if it is not there, or not in this form: both mean that this computer does not have the key. */
export async function readSecret(secrets: Secrets, storeId: string): Promise<StoreSecret | null> {
  const text = await secrets.getSecret(nameOfSecret(storeId));
  if (text === null || !text.startsWith(prefix)) return null;
  return bytesToSecret(Buffer.from(text.slice(prefix.length), 'base64url'));
}

/** Stores it and reads it back; false if the secret storage did not keep it. */
export async function writeSecret(secrets: Secrets, storeId: string, secret: StoreSecret): Promise<boolean> {
  const text = prefix + Buffer.from(secretToBytes(secret)).toString('base64url');
  await secrets.setSecret(nameOfSecret(storeId), text);
  return (await secrets.getSecret(nameOfSecret(storeId))) === text;
}

export function secretToBytes({ storeKey, deviceSeed }: StoreSecret): Uint8Array {
  return Buffer.concat([storeKey, deviceSeed]);
}

export function bytesToSecret(bytes: Uint8Array): StoreSecret | null {
  if (bytes.length !== 2 * partBytes) return null;
  return { storeKey: bytes.slice(0, partBytes), deviceSeed: bytes.slice(partBytes) };
}
