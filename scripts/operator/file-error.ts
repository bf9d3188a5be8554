/** What keeps a program from a file that was named; `undefined` for every other error. */
export function readFileError(thrown: unknown): string | undefined {
  const { code, syscall = '', path = 'it' } = (thrown ?? {}) as NodeJS.ErrnoException;
  // A socket that is missing has the same code.
  if (!['open', 'read', 'mkdir'].includes(syscall)) return undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `There is no file or folder ${path}.`;
  if (code === 'EISDIR') return 'That is a folder, and a file is wanted.';
  if (code === 'ENAMETOOLONG') return 'No file can have a name as long as that.';
  if (code === 'EACCES' || code === 'EPERM') return `This user may not open ${path}.`;
  return code === 'EEXIST' ? `${path} is there already, and nothing is written over.` : undefined;
}
