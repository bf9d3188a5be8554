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
    const faults = findings.flatMap((one) => one.fault ?? []);
    const last = faults.length === 0 ? '\nAll is well.' : `\n${faults.length} to put right.`;
    return {
      lines: [...findings.map(said), last],
      data: { findings },
      needsPerson: faults.length > 0,
    };
  },
});

function said({ subject, fault }: Finding): string {
  if (!fault) return `✓ ${subject}`;
  return `✗ ${subject}: ${fault.what} [${fault.name}]\n  Why it matters: ${fault.why}.\n  ${fault.mend}`;
}
