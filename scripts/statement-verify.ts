import { readFile } from 'node:fs/promises';
import {
  PROOF_FAULTS,
  verifyChain,
  verifyProof,
  type ProofFault,
} from '../src/server/services/billing/statements/verify-proof.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';

const EXITS: Record<ProofFault, [code: number, about: string]> = {
  unreadable: [10, 'it is no proof of a statement'],
  missing: [11, 'a movement is missing'],
  added: [12, 'a movement was added'],
  reordered: [13, 'a movement is not at its place'],
  total: [14, 'an amount is not what the movements cost'],
  head: [15, 'its head was changed'],
  row: [16, 'a movement was changed'],
  chain: [17, 'a statement between two files is missing'],
};

await runCommand({
  name: 'statement:verify',
  about: 'Computes the proof of a statement anew, from its file alone; needs no database.',
  examples: [
    ['statement.csv', 'checks one; compare the hash it prints with the foot of the invoice'],
    ['first.csv second.csv', 'also that each follows the one before'],
  ],
  words: { name: 'the files, the oldest first', max: 1_000 },
  exits: PROOF_FAULTS.map((fault) => EXITS[fault]),
  async run({ words }) {
    if (words.length === 0) throw new CommandUsageError('Say which file.');
    const files = await Promise.all(
      words.map(async (name) => ({ name, ...verifyProof(await readFile(name)) })),
    );
    const all = files.map((file, n) => {
      const before = files[n - 1];
      const whole = file.findings.length === 0 && before?.findings.length === 0;
      return { ...file, findings: whole ? verifyChain(before, file) : file.findings };
    });
    const first = all.flatMap(({ findings }) => findings)[0];
    return {
      lines: all.flatMap(({ name, findings, head }) =>
        findings.length > 0
          ? findings.map(({ sentence }) => `${name}: ${sentence}`)
          : [
              `${name}: statement ${head.statement} is whole: ${head.rows} movements, ${head.amountMinor} (in the smallest unit of ${head.currency}).`,
              `  Its hash, as on the invoice: ${head.sha256}`,
            ],
      ),
      data: { files: all },
      ...(first ? { exit: EXITS[first.fault][0] } : {}),
    };
  },
});
