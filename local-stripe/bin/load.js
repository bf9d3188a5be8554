import { existsSync } from 'node:fs';

/**
 * A module of the package: its source where it is developed, and where it was installed the
 * JavaScript that was made of it when it was packed, because Node strips no types there.
 */
export function load(name) {
  const source = new URL(`../${name}.ts`, import.meta.url);
  const module = existsSync(source) ? source : new URL(`../dist/${name}.js`, import.meta.url);
  return import(module.href);
}
