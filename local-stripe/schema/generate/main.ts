import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildSchema, printSchema } from './build.ts';

const root = join(import.meta.dirname, '../../..');
const target = join(import.meta.dirname, '../generated/stripe.schema.json');
const text = printSchema(buildSchema(join(root, 'node_modules/stripe')));
mkdirSync(dirname(target), { recursive: true });
writeFileSync(target, text);
console.log(`${target}: ${Math.round(text.length / 1024)} KB`);
