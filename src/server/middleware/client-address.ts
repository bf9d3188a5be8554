import { isIPv6 } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import proxyAddr from 'proxy-addr';
import type { AppEnv } from '../app-env.ts';
import type { TrustedProxies } from '../config/trusted-proxies.ts';

export interface ClientAddress {
  /** The client's address; of IPv6 the network of 64 bits, which one customer has to himself. */
  address: string;
  isLoopback: boolean;
}

/**
 * Reads the client's address: the other end of the socket, or, when that is a trusted proxy, what
 * it says in `X-Forwarded-For`. `onUntrusted` hears when such a header came from anybody else.
 */
export function clientAddressReader(
  trusted: TrustedProxies,
  onUntrusted: () => void,
): (c: Context<AppEnv>) => ClientAddress {
  const trust = trustOf(trusted);
  return (c) => {
    const incoming = (c.env as Partial<HttpBindings> | undefined)?.incoming;
    if (!incoming) return { address: 'unknown', isLoopback: false };
    const forwarded = [incoming.headers['x-forwarded-for'] ?? []].flat().join(',');
    if (forwarded && trusted.kind === 'none') onUntrusted();
    // The nearest first: the other end of the socket, then each proxy's word on who was before it.
    const chain = [incoming.socket.remoteAddress ?? '', ...forwarded.split(',').reverse()]
      .map(plain)
      .filter((address) => address !== '');
    const client = chain.find((address, hop) => !trust(address, hop)) ?? chain.at(-1) ?? 'unknown';
    return { address: network(client), isLoopback: LOOPBACK.test(client) };
  };
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1)$/;

function trustOf(trusted: TrustedProxies): (address: string, hop: number) => boolean {
  if (trusted.kind === 'none') return () => false;
  if (trusted.kind === 'hops') return (_address, hop) => hop < trusted.count;
  return proxyAddr.compile(trusted.addresses);
}

/**
 * The one way in which an address is written here, of the many in which proxies write it: with the port of
 * the connection, in brackets, IPv4 in IPv6 dress, IPv6 with all its zeros. What is none is a stranger's text.
 */
function plain(written: string): string {
  const address = written
    .trim()
    .slice(0, 64)
    .toLowerCase()
    .replace(/^\[([^\]]*)\](:\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
    .replace(/%.*$/, '');
  if (!isIPv6(address)) return address;
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const dressed = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(short);
  if (!dressed) return short;
  const bytes = dressed.slice(1).map((group) => parseInt(group, 16));
  return bytes.flatMap((group) => [group >> 8, group & 255]).join('.');
}

/** Of a short IPv6 address the network of 64 bits. */
function network(address: string): string {
  if (!isIPv6(address) || address === '::1') return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - after.length;
  const whole = [...groups, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${whole.slice(0, 4).join(':')}::/64`;
}
