import { bucketSchema } from '../../../../db/buckets.ts';
import { findCitus, listClusterFaults } from '../../../../db/buckets/citus.ts';
import type { Database } from '../../../../db/client.ts';
import { compareCopies } from '../../../../db/repositories/usage/buckets/compare-copies.ts';
import { isResponding } from '../../../../db/repositories/usage/buckets/nodes.ts';
import { fault, well, type Finding } from './faults.ts';

const ANSWERS_WITHIN_MS = 3_000;

/** Looks at the servers that buckets lie on, the cluster, and what buckets know of tenants. */
export async function examineBuckets(
  database: Pick<Database, 'pool' | 'buckets'>,
): Promise<Finding[]> {
  const all = await database.buckets.list();
  const byNode = Map.groupBy(
    all.filter(({ node }) => node !== null),
    ({ node }) => node!,
  );
  const findings: Finding[] = [];
  const away = new Set<string>();
  for (const [node, some] of byNode) {
    const names = some.map(({ number }) => bucketSchema(number));
    const subject = `Server ${node} with ${names.join(', ')}`;
    if (await isResponding(database.buckets.pool(node), ANSWERS_WITHIN_MS))
      findings.push(well(subject));
    else {
      names.forEach((name) => away.add(name));
      findings.push(fault(subject, 'bucket_server_away', 'It does not answer.'));
    }
  }
  return [
    ...findings,
    ...(await examineCluster(database)),
    ...(await examineCopies(database, away)),
  ];
}

async function examineCluster({ pool }: Pick<Database, 'pool'>): Promise<Finding[]> {
  const version = await findCitus(pool);
  if (version === undefined) return [];
  const subject = `Citus ${version}`;
  const faults = await listClusterFaults(pool);
  if (faults.length === 0) return [well(subject)];
  return faults.map((what) => fault(subject, 'cluster_not_ready', what));
}

async function examineCopies(
  database: Pick<Database, 'pool' | 'buckets'>,
  away: ReadonlySet<string>,
): Promise<Finding[]> {
  const differences = await compareCopies(database, away);
  if (differences.length === 0) return [];
  const { tenantId, bucket } = differences[0]!;
  return [
    fault(
      'Buckets',
      'copies_differ',
      `${differences.length} copies of what tenants may use differ, the first of ${tenantId} in ${bucket}.`,
    ),
  ];
}
