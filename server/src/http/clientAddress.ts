// Where a request comes from. What a proxy says about it counts only if the connection comes from a declared proxy.

import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Addresses or CIDR blocks, checked by config.ts. */
export function createAddressSet(blocks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', prefix] = block.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}

export interface ClientAddress {
  /** IPv4 addresses that came over an IPv6 socket are written as IPv4. */
  readonly address: string;
  /** TLS from the client to this server, or to the declared proxy. */
  readonly isSecure: boolean;
  /** The connection itself comes from this machine, and from no proxy, or from a declared proxy. */
  readonly isNear: boolean;
}

export type FindClient = (request: IncomingMessage) => ClientAddress;

/** `isProxy`: whether a connection from this address is a declared proxy's. */
export function createFindClient(isProxy: (address: string) => boolean): FindClient {
  return (request) => {
    const peer = plainAddress(request.socket.remoteAddress ?? '');
    const isSecure = request.socket instanceof TLSSocket;
    if (!isProxy(peer)) return { address: peer, isSecure, isNear: isLoopback(peer) && !isForwarded(request) };
    const forwarded = headerList(request.headers['x-forwarded-for']).map(plainAddress);
    // The nearest that is no proxy: what stands further left was written by whoever sent the request.
    const address = forwarded.findLast((each) => isIP(each) !== 0 && !isProxy(each)) ?? peer;
    const protocol = headerList(request.headers['x-forwarded-proto']).at(-1);
    return { address, isSecure: isSecure || protocol === 'https', isNear: true };
  };
}

/** A proxy on this machine that was not declared: its clients may be anywhere. */
const isForwarded = ({ headers }: IncomingMessage): boolean =>
  headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;

const headerList = (header: string | readonly string[] | undefined): readonly string[] =>
  (typeof header === 'string' ? [header] : (header ?? [])).flatMap((line) =>
    line.split(',').map((each) => each.trim()),
  );

const plainAddress = (address: string): string =>
  /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;

export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');
