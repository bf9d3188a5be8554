import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { PresetResponse } from '../preset-headers.ts';

async function headersOf(answer: (response: PresetResponse) => void) {
  const server = createServer({ ServerResponse: PresetResponse }, (_request, response) => {
    response.preset = { 'x-frame-options': 'DENY', 'x-request-id': 'req_1' };
    answer(response);
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const answered = await fetch(`http://127.0.0.1:${port}/`);
  await answered.text();
  const names = ['x-frame-options', 'x-request-id', 'content-type', 'x-own'];
  return [answered.status, ...names.map((name) => answered.headers.get(name))];
}

const preset = ['DENY', 'req_1'];

test.each<[name: string, answer: (response: PresetResponse) => void, headers: unknown[]]>([
  ['nothing is written with it', (response) => response.end('x'), [200, ...preset, null, null]],
  [
    'others are',
    (response) => response.writeHead(201, { 'Content-Type': 'text/plain', 'X-Own': '1' }).end('x'),
    [201, ...preset, 'text/plain', '1'],
  ],
  [
    'the same one is, in other letters: it has the last word, once',
    (response) => response.writeHead(200, { 'X-Frame-Options': 'SAMEORIGIN' }).end('x'),
    [200, 'SAMEORIGIN', 'req_1', null, null],
  ],
  [
    'they are a list, behind a reason',
    (response) => response.writeHead(418, 'Teapot', ['X-Own', '1']).end('x'),
    [418, ...preset, null, '1'],
  ],
  [
    'one was set by itself before',
    (response) => response.setHeader('X-Own', '1').writeHead(200, { 'Content-Type': 'a/b' }).end(),
    [200, ...preset, 'a/b', '1'],
  ],
])('preset headers are answered where %s', async (_, answer, headers) => {
  expect(await headersOf(answer)).toEqual(headers);
});
