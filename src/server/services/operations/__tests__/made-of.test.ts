import { PassThrough } from 'node:stream';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { madeOf } from '../made-of.ts';

async function* pieces(source: PassThrough) {
  yield 'head\n';
  for await (const piece of source) yield piece as Buffer;
}

test('10.8 a stream that nobody began to read ends its source with it', async () => {
  const source = new PassThrough();
  const made = madeOf(source, pieces(source));
  made.destroy();
  await once(source, 'close');
  expect(source.destroyed).toBe(true);
});

test('10.8 a source that breaks before anybody reads breaks the stream, and nothing else', async () => {
  const source = new PassThrough();
  const made = madeOf(source, pieces(source));
  const broken = once(made, 'error');
  source.emit('error', new Error('the connection is lost'));
  expect(await broken).toMatchObject([{ message: 'the connection is lost' }]);
  expect(source.destroyed).toBe(true);
});
