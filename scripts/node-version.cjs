// Loaded before any TypeScript, and written so that every Node understands it: one that cannot run the
// product says so in a sentence instead of in a stack.
'use strict';
if (!process.features.typescript) {
  console.error(
    'This is Node ' +
      process.version +
      ', which cannot run the product: install Node 24, or 22 from 22.18. (`npm ci` brings one along; `npm ci --omit=dev` takes the machine’s.)',
  );
  process.exit(1);
}
