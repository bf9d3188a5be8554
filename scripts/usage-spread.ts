import './operator/env-file.ts';
import { BUCKETS_MAX } from '../src/db/buckets.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { typedWhole } from './operator/typed.ts';
import { withUsage } from './operator/usage.ts';

await runCommand({
  name: 'usage:spread',
  about:
    'Spreads metering over buckets (schemas of the database), tenant by tenant, while it is used.',
  examples: [
    ['--buckets 4 --dry-run', 'says what would be made, and how many tenants moved'],
    ['--buckets 4', 'makes the buckets that are missing, and moves tenants until they are even'],
    ['--buckets 5 --on db2:5432', 'makes the fifth on another server, for tenants to come'],
  ],
  flags: {
    buckets: {
      type: 'string',
      value: 'N',
      about: `how many there are to be, at most ${BUCKETS_MAX}; none is taken away again`,
      required: true,
    },
    on: {
      type: 'string',
      value: 'host:port',
      about:
        'the server on which those that are missing are made, in a database of the same name, user and password; new tenants come into these, and nobody is moved there',
    },
  },
  writes: true,
  async run({ values, dryRun, progress }) {
    const buckets = typedWhole('buckets', values.buckets, { min: 1, max: BUCKETS_MAX });
    const node = values.on;
    if (node !== undefined && !/^[\w.-]+:\d{1,5}$/.test(node)) {
      throw new CommandUsageError('--on must be host:port, such as db2.internal:5432.');
    }
    const spread = await withUsage(({ spread: service }) =>
      dryRun ? service.plan({ buckets, node }) : service.spread({ buckets, node, progress }),
    );
    const [made, moved] = dryRun ? ['would be made', 'would be moved'] : ['made', 'moved'];
    return {
      lines: [
        `${spread.made.length === 0 ? 'No bucket' : spread.made.join(', ')} ${made}; tenants ${moved}: ${spread.moved}.`,
        ...spread.buckets.map(({ schema, tenants }) => `${schema}: ${tenants}`),
      ],
      data: { ...spread },
    };
  },
});
