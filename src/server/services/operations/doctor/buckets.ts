import { bucketSchema } from '../../../../db/buckets.ts';
import { findCitus } from '../../../../db/buckets/citus.ts';
import {
  listClusterFaults,
  listPlacementFaults,
  listPlacements,
  listWorkerFaults,
  type Placement,
} from '../../../../db/buckets/cluster.ts';
import type { Database } from '../../../../db/client.ts';
import { databaseCode } from '../../../../db/database-error.ts';
import { compareCopies } from '../../../../db/repositories/usage/buckets/compare-copies.ts';
import type { BucketNode } from '../../../../db/repositories/usage/buckets/nodes.ts';
import { fault, well, type Finding } from './faults.ts';

const ANSWERS_WITHIN_MS = 3_000;

type MainDatabase = Pick<Database, 'pool' | 'buckets'>;

/** Looks at the cluster, the servers that buckets lie on, and what buckets know of tenants. */
export async function examineBuckets(database: MainDatabase): Promise<Finding[]> {
  const version = await findCitus(database.pool);
  const placements = await listPlacements(database.pool);
  const all = await database.buckets.list();
  const byNode = Map.groupBy(
    all.filter(({ node }) => node !== null),
    ({ node }) => node!,
  );
  const findings: Finding[] = [];
  const unread = new Set<string>();
  for (const [node, some] of byNode) {
    const found = await examineServer(database, { node, some, version, placements });
    findings.push(found);
    if (found.fault) some.forEach(({ number }) => unread.add(bucketSchema(number)));
  }
  return [
    ...findings,
    ...placements.flatMap(misplaced),
    ...(version === undefined ? [] : await examineCluster(database, version)),
    ...(await examineCopies(database, unread)),
  ];
}

/** Buckets that are noted to lie where they do not, or that are torn apart. */
export async function examinePlacements({ pool }: Pick<Database, 'pool'>): Promise<Finding[]> {
  return (await listPlacements(pool)).flatMap(misplaced);
}

const misplaced = (placement: Placement): Finding[] =>
  listPlacementFaults(placement).map((what) =>
    fault(`Bucket ${bucketSchema(placement.number)}`, 'bucket_misplaced', what),
  );

interface BucketServer {
  node: string;
  some: BucketNode[];
  version: string | undefined;
  placements: readonly Placement[];
}

/** Whether it answers, and has what lies there. */
async function examineServer(
  { buckets }: Pick<Database, 'buckets'>,
  { node, some, version, placements }: BucketServer,
): Promise<Finding> {
  const subject = `Server ${node} with ${some.map(({ number }) => bucketSchema(number)).join(', ')}`;
  const pool = buckets.pool(node);
  const asked = { text: 'select', query_timeout: ANSWERS_WITHIN_MS };
  const refused = await pool.query(asked).then(
    () => undefined,
    (error: unknown) => whyRefused(error),
  );
  if (refused !== undefined) return fault(subject, 'bucket_server_away', refused);
  if (version === undefined) return well(subject);
  // Of one that lies on several, that is told.
  const there = placements.filter(({ nodes }) => nodes.length === 1 && nodes[0] === node);
  const faults = there.length === 0 ? [] : await listWorkerFaults(pool, version, there);
  return faults.length === 0
    ? well(subject)
    : fault(subject, 'bucket_server_incomplete', faults.join(' '));
}

function whyRefused(error: unknown): string {
  const code = databaseCode(error) ?? '';
  if (code.startsWith('28')) return 'It refuses the user or the password of DATABASE_URL.';
  if (code === '3D000') return 'It has no database of the name in DATABASE_URL.';
  return 'It does not answer.';
}

async function examineCluster(
  { pool }: Pick<Database, 'pool'>,
  version: string,
): Promise<Finding[]> {
  const subject = `Citus ${version}`;
  const faults = await listClusterFaults(pool);
  if (faults.length === 0) return [well(subject)];
  return faults.map((what) => fault(subject, 'cluster_not_ready', what));
}

async function examineCopies(
  database: MainDatabase,
  unread: ReadonlySet<string>,
): Promise<Finding[]> {
  const differences = await compareCopies(database, unread);
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
