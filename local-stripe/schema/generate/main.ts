import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildSchema, installedSdk, printSchema } from './build.ts';

const target = join(import.meta.dirname, '../generated/stripe.schema.json');
const text = printSchema(buildSchema(installedSdk()));
mkdirSync(dirname(target), { recursive: true });
writeFileSync(target, text);
console.log(`${target}: ${Math.round(text.length / 1024)} KB`);
