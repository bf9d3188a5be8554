import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { openPipe } from '../../../../tests/support/pipe.ts';
import { LogOutput } from '../output.ts';

const LINES = 20_000;
const lineOf = (n: number) => `{"n":${n},"msg":"${'x'.repeat(80)}"}\n`;
const lines = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => lineOf(n + from));

/** An output into a pipe; what was dropped is a line of it. */
function outputInto(fd: number, waitingBytesMax?: number): LogOutput {
  const output: LogOutput = new LogOutput({
    fd,
    ...(waitingBytesMax === undefined ? {} : { waitingBytesMax }),
    onDropped: (count) => output.write(`dropped ${count}\n`),
  });
  return output;
}

test('a line is in the pipe when the call comes back', () => {
  const { fd, read } = openPipe();
  outputInto(fd).write('first\n');
  expect(read()).toBe('first\n');
});

test('a reader that is slower than the log gets every line once, in order', async () => {
  const { fd, read } = openPipe();
  const output = outputInto(fd);
  for (const line of lines(LINES)) output.write(line);
  await vi.waitFor(() => expect(read()).toHaveLength(lines(LINES).join('').length), 60_000);
  expect(read()).toBe(lines(LINES).join(''));
});

test('what there is no room for is dropped in one gap, and counted where it is missing', async () => {
  const { fd, read } = openPipe();
  const output = outputInto(fd, 200_000);
  for (const line of lines(LINES)) output.write(line);
  await vi.waitFor(() => expect(read()).toContain('dropped'), 60_000);
  output.write('later\n');
  await vi.waitFor(() => expect(read()).toContain('later'), 60_000);

  const said = read().trimEnd().split('\n');
  const [gap, last] = [said.findIndex((line) => line.startsWith('dropped')), said.at(-1)];
  expect(said.slice(0, gap).join('\n')).toBe(lines(gap).join('').trimEnd());
  expect(said.slice(gap)).toEqual([`dropped ${LINES - gap}`, last]);
  expect(last).toBe('later');
});

const PROGRAM = `
  import { LogOutput } from ${JSON.stringify(path.resolve(import.meta.dirname, '../output.ts'))};
  const output = new LogOutput({ onDropped: () => {} });
  for (let n = 0; n < ${LINES}; n += 1) output.write('a line with the number ' + n + '\\n');
`;

test.each([
  ['leaves', 'process.exit(0);', 0],
  ['crashes', 'throw new Error("of the test");', 1],
])('a process that %s says its last lines to a slow reader', (_, end, code) => {
  const shell = `node --input-type=module -e "$PROGRAM" 2>/dev/null | { node -e 0; cat; }; exit \${PIPESTATUS[0]}`;
  const { stdout, status } = spawnSync('bash', ['-c', shell], {
    env: { PATH: process.env.PATH, PROGRAM: `${PROGRAM}${end}` },
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(stdout.toString().trimEnd().split('\n')).toHaveLength(LINES);
  expect(stdout.toString()).toContain(`a line with the number ${LINES - 1}\n`);
  expect(status).toBe(code);
});

test('a process whose lines nobody reads ends all the same', () => {
  const { fd } = openPipe();
  const { status, signal } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `${PROGRAM} process.exit(3)`],
    { stdio: ['ignore', fd, fd], timeout: 60_000 },
  );
  expect([status, signal]).toEqual([3, null]);
});
