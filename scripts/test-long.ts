import { ensureClientBuilt } from './start/client-build.ts';
import { FORMS, type Form } from './testing/long-forms.ts';
import { conclude, vitest, type Counts } from './testing/run.ts';

/**
 * `npm run test:long` runs the longest files and the long forms, `npm run test:long -- race` those whose name has
 * the word. Ends with the runner's own counts.
 */
const [word = ''] = process.argv.slice(2);
const wanted = FORMS.filter((form) => form.name.includes(word));
const counts: Counts[] = [];

async function runAll(forms: Form[]): Promise<void> {
  for (let form = forms.shift(); form; form = forms.shift()) {
    const args = ['--project', form.project, ...form.files];
    counts.push(await vitest(form.name, args, form.env));
  }
}

const timed = wanted.filter((form) => form.isTimed);
const others = wanted.filter((form) => !form.isTimed);
// Once, before anybody needs the pages: two builds at once spoil each other's.
await ensureClientBuilt((line) => console.log(line));
// Much of a long form is waiting: two at once keep two cores at work.
await Promise.all([runAll(others), runAll(others)]);
await runAll(timed);
const { passed, failed } = conclude(counts);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
