import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Makes `dist/`, the JavaScript that is packed; `npm pack` calls it before it packs. */
const HERE = path.resolve(import.meta.dirname, '..');
const READ_AT_RUN_TIME = ['pages/assets', 'schema/generated'];

rmSync(path.join(HERE, 'dist'), { recursive: true, force: true });
const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'));
execFileSync(process.execPath, [tsc, '-p', 'pack/tsconfig.json'], { cwd: HERE, stdio: 'inherit' });
for (const folder of READ_AT_RUN_TIME) {
  cpSync(path.join(HERE, folder), path.join(HERE, 'dist', folder), { recursive: true });
}
