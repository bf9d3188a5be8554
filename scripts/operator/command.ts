import { errorText } from '../../src/server/error-text.ts';

/** Runs a command; what goes wrong is one sentence and exit code 1. `--help` prints `usage`. */
export async function runCommand(usage: string, command: () => Promise<boolean>): Promise<void> {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    console.log(usage);
    return;
  }
  // What a command writes, an archive say, is its operator's alone.
  process.umask(0o077);
  try {
    if (!(await command())) process.exitCode = 1;
  } catch (error) {
    const isMistyped = (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;
    console.error(errorText(error));
    if (isMistyped) console.error(usage);
    process.exitCode = 1;
  }
}
