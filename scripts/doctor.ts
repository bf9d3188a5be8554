import './operator/env-file.ts';
import { readEnv } from '../src/server/config/env.ts';
import type { Finding } from '../src/server/services/operations/doctor/faults.ts';
import { runCommand } from './operator/command.ts';
import { examine } from './operator/examine.ts';

await runCommand({
  name: 'doctor',
  about:
    'Looks at the settings, the database, the Stripe account, mail, the model and the machine, changes nothing, and says what to put right.',
  examples: [['', 'each thing looked at; of each fault what it is, why it matters, what mends it']],
  async run() {
    const findings = await examine(readEnv());
    const found = findings.flatMap((one) => one.fault ?? []);
    const faults = found.filter(({ isDoubt }) => !isDoubt).length;
    const doubts = found.length - faults;
    const last = [
      faults === 0 ? 'All is well.' : `${faults} to put right.`,
      ...(doubts === 0 ? [] : [`${doubts} to look at.`]),
    ];
    return {
      lines: [...findings.flatMap(said), '', last.join(' ')],
      data: { findings },
      needsPerson: faults > 0,
    };
  },
});

function said({ subject, hint, fault }: Finding): string[] {
  if (hint) return [`· ${subject}: ${hint}`];
  if (!fault) return [`✓ ${subject}`];
  return [
    `${fault.isDoubt ? '?' : '✗'} ${subject}: ${fault.what} [${fault.name}]`,
    `  Why it matters: ${fault.why}.`,
    `  ${fault.mend}`,
  ];
}
