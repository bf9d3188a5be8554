import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { expect, test } from 'vitest';
import type { AppEnv } from '../../app-env.ts';
import { readTrustedProxies } from '../../config/trusted-proxies.ts';
import { clientAddressReader } from '../client-address.ts';

/** Whose a request is that came from `socket`, with what proxies say. */
function from(trusted: string, socket: string, forwarded?: string) {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const incoming = { socket: { remoteAddress: socket }, connection: {}, headers };
  const c = { env: { incoming } as unknown as HttpBindings } as unknown as Context<AppEnv>;
  return clientAddressReader(readTrustedProxies(trusted)!, () => undefined)(c);
}
const read = (...told: Parameters<typeof from>) => from(...told).address;

test.each([
  ['nobody is trusted', '0', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['one proxy', '1', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['one proxy, and a client that lies', '1', '10.0.0.1', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
  ['two proxies', '2', '10.0.0.1', '1.1.1.1, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
  ['a network', '10.0.0.0/8', '10.0.0.1', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
  ['not from that network', '10.0.0.0/8', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['no header', '1', '203.0.113.9', undefined, '203.0.113.9'],
  ['IPv4 as IPv6', '1', '::ffff:10.0.0.1', '::ffff:198.51.100.1', '198.51.100.1'],
  ['with the port', '1', '10.0.0.1', '198.51.100.1:50123', '198.51.100.1'],
  ['with the port, by a network', '10.0.0.0/8', '10.0.0.1', '198.51.100.1:50123', '198.51.100.1'],
  ['IPv6: its network', '1', '10.0.0.1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['IPv6 in brackets', '1', '10.0.0.1', '[2001:db8:1:2::9]', '2001:db8:1:2::/64'],
  ['IPv6 in brackets with the port', '1', '10.0.0.1', '[2001:db8:1:2::9]:443', '2001:db8:1:2::/64'],
  ['IPv6 with all its zeros', '1', '10.0.0.1', '2001:0db8:0001:0002:0:0:0:9', '2001:db8:1:2::/64'],
  ['IPv4 as IPv6, in hexadecimal', '1', '10.0.0.1', '::ffff:c633:6401', '198.51.100.1'],
  ['IPv4 as IPv6, written out', '1', '10.0.0.1', '0:0:0:0:0:ffff:198.51.100.1', '198.51.100.1'],
  ['behind a tab', '1', '10.0.0.1', '1.1.1.1,\t198.51.100.1', '198.51.100.1'],
  [
    'a second proxy, told with its port',
    '10.0.0.0/8',
    '10.0.0.1',
    '1.1.1.1, 198.51.100.1, 10.0.0.7:443',
    '198.51.100.1',
  ],
  [
    'a second proxy, told in brackets',
    'fd00::/8',
    'fd00::1',
    '198.51.100.1, [fd00::2]:443',
    '198.51.100.1',
  ],
  ['proxies alone', '10.0.0.0/8', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['no address at all', '1', '10.0.0.1', 'unknown', 'unknown'],
])('10.10 the client behind proxies: %s', (_case, trusted, socket, forwarded, address) => {
  expect(read(trusted, socket, forwarded)).toBe(address);
});

test.each([
  ['127.0.0.1', true],
  ['0:0:0:0:0:0:0:1', true],
  ['::ffff:7f00:1', true],
  ['127.0.0.1.example.com', false],
])('10.10 a proxy’s word that the client is this machine itself: %s, %s', (told, isLoopback) => {
  expect(from('1', '10.0.0.1', told)).toMatchObject({ isLoopback });
});
