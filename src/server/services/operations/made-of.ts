import { Readable } from 'node:stream';

/**
 * The stream of what `pieces` makes of `source`. Whichever of the two ends or breaks ends the other, also
 * before anybody has read: a generator that never began has no end of its own.
 */
export function madeOf(source: Readable, pieces: AsyncIterable<string | Buffer>): Readable {
  const made = Readable.from(pieces, { objectMode: false });
  source.on('error', (error) => made.destroy(error));
  made.once('close', () => source.destroy());
  return made;
}
