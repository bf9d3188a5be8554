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
    if (incoming.headers['x-forwarded-for'] && trusted.kind === 'none') onUntrusted();
    const address = plain(proxyAddr(incoming, trust) ?? 'unknown');
    return { address: network(address), isLoopback: LOOPBACK.test(address) };
  };
}

const LOOPBACK = /^(127\.|::1$)/;

function trustOf(trusted: TrustedProxies): (address: string, hop: number) => boolean {
  if (trusted.kind === 'none') return () => false;
  if (trusted.kind === 'hops') return (_address, hop) => hop < trusted.count;
  return proxyAddr.compile(trusted.addresses);
}

/**
 * An IPv4 address in IPv6 dress is the same address, and so is one that a proxy writes with the port of the
 * connection, or in brackets. What is none is a stranger's text.
 */
function plain(address: string): string {
  return address
    .slice(0, 64)
    .toLowerCase()
    .replace(/^\[([^\]]*)\](:\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
    .replace(/^::ffff:(?=\d+\.)/, '');
}

function network(address: string): string {
  if (!isIPv6(address) || address === '::1') return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  const whole = [...groups, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${whole
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
