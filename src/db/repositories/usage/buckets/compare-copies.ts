import { bucketNumber, bucketSchema } from '../../../buckets.ts';
import type { Database } from '../../../client.ts';
import { NO_ID } from '../../../../domain/ids.ts';
import { bucketOf } from '../bucket.ts';
import {
  forgetTenant,
  listCopies,
  listTenants,
  requestSync,
  type CopyDifference,
  type KnownTenant,
} from './compare.ts';

type MainDatabase = Pick<Database, 'pool' | 'buckets'>;

const AT_ONCE = 1_000;
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * Compares what each bucket knows of tenants with what the main tables say, but for the buckets in
 * `away`. What is changed or moved meanwhile differs for an instant, so a difference is looked at
 * twice; what waits to be told is none.
 */
export async function compareCopies(
  database: MainDatabase,
  away: ReadonlySet<string> = new Set(),
): Promise<CopyDifference[]> {
  const numbers = (await database.buckets.list())
    .map(({ number }) => number)
    .filter((number) => !away.has(bucketSchema(number)));
  const found: CopyDifference[] = [];
  for (let after = NO_ID; after !== LAST_ID;) {
    const tenants = await listTenants(database.pool, after, AT_ONCE);
    const upTo = tenants.length === AT_ONCE ? tenants.at(-1)!.id : LAST_ID;
    const copies = await copiesOf(database, numbers, after, upTo);
    const first = differencesOf(tenants, copies, numbers);
    if (first.length > 0) {
      const ids = first.map(({ tenantId }) => tenantId);
      const again = differencesOf(
        await listTenants(database.pool, after, AT_ONCE, ids),
        await copiesOf(database, numbers, after, upTo, ids),
        numbers,
      );
      const seen = new Set(first.map(keyOf));
      for (const one of again) if (seen.has(keyOf(one))) found.push(one);
    }
    after = upTo;
  }
  return found;
}

/** Mends what may be mended unasked; answers how many. */
export async function mendCopies(
  { pool, buckets }: MainDatabase,
  differences: readonly CopyDifference[],
): Promise<number> {
  let mended = 0;
  for (const { tenantId, bucket, what } of differences) {
    if (what === 'misplaced') {
      const number = bucketNumber(bucket);
      const place = await buckets.of(number);
      if (!(await forgetTenant(bucketOf(place.pool, number), tenantId))) continue;
    } else await requestSync(pool, tenantId);
    mended += 1;
  }
  return mended;
}

const keyOf = ({ tenantId, bucket, what }: CopyDifference) => `${tenantId} ${bucket} ${what}`;

async function copiesOf(
  { buckets }: MainDatabase,
  numbers: readonly number[],
  after: string,
  upTo: string,
  ids?: readonly string[],
): Promise<KnownTenant[]> {
  const found: KnownTenant[] = [];
  for (const number of numbers) {
    const { pool } = await buckets.of(number);
    for (const one of await listCopies(bucketOf(pool, number), number, after, upTo, ids)) {
      found.push(one);
    }
  }
  return found;
}

function isSame(tenant: KnownTenant, copy: KnownTenant): boolean {
  const isThat = copy.version === tenant.version && copy.content === tenant.content;
  return isThat && (!tenant.fixed || copy.limits === tenant.limits);
}

function differencesOf(
  tenants: readonly KnownTenant[],
  copies: readonly KnownTenant[],
  numbers: readonly number[],
): CopyDifference[] {
  const differences: CopyDifference[] = [];
  const byTenant = Map.groupBy(copies, ({ id }) => id);
  const wanted = new Map(tenants.map((one) => [one.id, one]));
  for (const tenant of tenants) {
    const { id, bucket, unsynced } = tenant;
    if (!numbers.includes(bucket) || unsynced) continue;
    const copy = byTenant.get(id)?.find((one) => one.bucket === bucket);
    const at = { tenantId: id, bucket: bucketSchema(bucket) };
    if (copy === undefined) differences.push({ ...at, what: 'missing' });
    else if (!isSame(tenant, copy)) {
      differences.push({ ...at, what: 'outdated' });
    }
  }
  for (const { id, bucket } of copies) {
    if (wanted.get(id)?.bucket === bucket) continue;
    differences.push({ tenantId: id, bucket: bucketSchema(bucket), what: 'misplaced' });
  }
  return differences;
}
