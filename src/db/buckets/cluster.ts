import type pg from 'pg';
import { bucketSchema } from '../buckets.ts';
import { findCitus } from './citus.ts';

/** What keeps the cluster from making and moving buckets, a sentence each. */
export async function listClusterFaults(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ node: string; active: boolean; worker: boolean }>(
    `select nodename || ':' || nodeport as node, isactive and metadatasynced as active,
       groupid <> 0 and shouldhaveshards as worker
     from pg_dist_node where noderole = 'primary' order by groupid`,
  );
  const { rows: level } = await pool.query<{ level: string }>(
    `select current_setting('wal_level') as level`,
  );
  return [
    ...(rows.some(({ worker }) => worker) ? [] : ['It has no worker.']),
    ...rows.filter(({ active }) => !active).map(({ node }) => `The node ${node} is not active.`),
    ...(level[0]!.level === 'logical'
      ? []
      : [`wal_level is ${level[0]!.level}: buckets cannot be moved while they are used.`]),
  ];
}

/** Where the tables of a bucket lie, by Citus. */
export interface Placement {
  number: number;
  /** `host:port` of the server that Citus has its tables on; several when it is torn apart. */
  nodes: string[];
  /** Where `metering_buckets` says that it lies, which is for servers without Citus. */
  noted: string | null;
  /** What its tables are called there. */
  shards: string[];
}

/** The buckets that Citus has placed, rising. */
export async function listPlacements(pool: pg.Pool): Promise<Placement[]> {
  const version = await findCitus(pool);
  if (version === undefined) return [];
  const { rows } = await pool.query<Placement>(
    `select b.number, b.node as noted,
       array_agg(distinct n.nodename || ':' || n.nodeport order by n.nodename || ':' || n.nodeport) as nodes,
       array_agg(distinct shard_name(p.logicalrelid, h.shardid)
         order by shard_name(p.logicalrelid, h.shardid)) as shards
     from metering_buckets b
     join pg_dist_schema s on s.schemaid = to_regnamespace(bucket_schema(b.number))
     join pg_dist_partition p on p.colocationid = s.colocationid
     join pg_dist_shard h on h.logicalrelid = p.logicalrelid
     join pg_dist_placement l on l.shardid = h.shardid
     join pg_dist_node n on n.groupid = l.groupid and n.noderole = 'primary'
     group by 1, 2
     order by 1`,
  );
  return rows;
}

/** What of a bucket's placement nobody can ask a server by, a sentence each. */
export function listPlacementFaults({ number, nodes, noted }: Placement): string[] {
  const schema = bucketSchema(number);
  return [
    ...(nodes.length > 1 ? [`The tables of ${schema} lie on ${nodes.join(' and ')}.`] : []),
    ...(noted === null
      ? []
      : [`metering_buckets says that ${schema} lies on ${noted}; Citus has it on ${nodes[0]}.`]),
  ];
}

/** What a worker lacks of the buckets that Citus has placed there, a sentence each. */
export async function listWorkerFaults(
  worker: pg.Pool,
  version: string,
  placements: readonly Placement[],
): Promise<string[]> {
  const there = await findCitus(worker);
  if (there === undefined) return ['Its database has no extension citus.'];
  const faults: string[] =
    there === version ? [] : [`Its Citus is ${there}, the coordinator's ${version}.`];
  for (const { number, shards } of placements) {
    const { rows } = await worker.query<{ name: string }>(
      'select name from unnest($1::text[]) as name where to_regclass(name) is null',
      [shards],
    );
    if (rows.length === 0) continue;
    faults.push(
      `It lacks ${rows.length} of the ${shards.length} tables of ${bucketSchema(number)}, the first ${rows[0]!.name}.`,
    );
  }
  return faults;
}
