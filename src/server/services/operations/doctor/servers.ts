import type { Pool } from 'pg';
import {
  HELD_CONNECTIONS,
  NODE_CONNECTIONS,
  POOL_CONNECTIONS,
  type Database,
} from '../../../../db/client.ts';
import { isDatabaseAway } from '../../../../db/database-error.ts';
import { JOB_CONNECTIONS } from '../../../../db/job-database.ts';
import {
  listLaxSettings,
  readServerRoom,
  type ServerRoom,
} from '../../../../db/repositories/operations/server.repository.ts';
import { fault, well, type Finding } from './faults.ts';

/** The one for changes of other processes, and the job queue's. */
const LISTENERS = 2;

/** What a process of the product opens to its database, at most. */
export const PROCESS_CONNECTIONS =
  POOL_CONNECTIONS + HELD_CONNECTIONS + JOB_CONNECTIONS + LISTENERS;

/**
 * Looks at the database's server, and at those that buckets lie on: whether it has places for what the
 * processes may open, and whether what it has committed outlives a power cut.
 */
export async function examineServers({
  pool,
  buckets,
}: Pick<Database, 'pool' | 'buckets'>): Promise<Finding[]> {
  const room = await readServerRoom(pool);
  const nodes = new Set((await buckets.list()).flatMap(({ node }) => node ?? []));
  const found = await Promise.all([
    examineServer('Database server', pool, { ...room, each: PROCESS_CONNECTIONS }),
    ...[...nodes].map((node) => examineNode(node, buckets.pool(node), room.processes)),
  ]);
  return found.flat();
}

/** One that is away was told of with its buckets. Processes listen at the database alone. */
async function examineNode(node: string, pool: Pool, processes: number): Promise<Finding[]> {
  try {
    const need = { ...(await readServerRoom(pool)), processes, each: NODE_CONNECTIONS };
    return await examineServer(`Server ${node}`, pool, need);
  } catch (error) {
    if (isDatabaseAway(error)) return [];
    throw error;
  }
}

interface Need extends ServerRoom {
  /** What one process may open there. */
  each: number;
}

async function examineServer(subject: string, pool: Pool, need: Need): Promise<Finding[]> {
  const lax = await listLaxSettings(pool);
  const found = [
    ...findRoom(subject, need),
    ...(lax.length > 0
      ? [fault(subject, 'commits_not_durable', `Off there: ${lax.join(', ')}.`)]
      : []),
  ];
  return found.length > 0 ? found : [well(subject)];
}

/** Before a process runs, it is about the first. */
function findRoom(subject: string, { places, processes, others, each }: Need): Finding[] {
  const running = Math.max(processes, 1);
  const now = running * each;
  const counted = `${running === 1 ? 'One process opens' : `${running} processes open`} up to ${now} connections, ${each} each; it has ${places} for them`;
  if (now > places) return [fault(subject, 'connections_too_few', `${counted}.`)];
  if (now + each + others <= places) return [];
  const taken = others === 0 ? '' : `, and others have ${others} of them`;
  return [
    fault(subject, 'connections_scarce', `${counted}${taken}: too few for one process more.`),
  ];
}
