import { errorText } from '../src/server/log/error-text.ts';
import { ensureClientBuilt } from './start/client-build.ts';

/** `build`: the pages, into `dist/client`, unless they are built from these sources already. */
try {
  await ensureClientBuilt((line) => console.log(line));
  console.log('The pages are built.');
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
