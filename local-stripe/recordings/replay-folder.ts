import { readCatalogue } from './catalogue.ts';
import { readSequences } from './recorded.ts';
import { replay } from './replay.ts';
import { reportOn } from './report.ts';
import type { Report } from './report.ts';

/** Replays every sequence of a folder, each against a local Stripe of its own. */
export async function replayFolder(folder: string): Promise<Report> {
  const sequences = readSequences(folder);
  const catalogue = readCatalogue(sequences.flatMap(({ calls }) => calls));
  const replayed = [];
  for (const sequence of sequences) {
    replayed.push({ name: sequence.name, calls: await replay(sequence, catalogue) });
  }
  return reportOn(replayed);
}
