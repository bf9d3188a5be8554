import path from 'node:path';

/** What a process needs of this one's environment: the Node of the tests comes first in the path. */
export function bareEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '', NODE_COMPILE_CACHE = '' } = process.env;
  const first = path.dirname(process.execPath);
  return { PATH: [first, PATH].join(path.delimiter), HOME, NODE_COMPILE_CACHE };
}
