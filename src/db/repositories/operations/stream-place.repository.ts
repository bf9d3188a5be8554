import type { Pool } from 'pg';

/**
 * Places that processes hold among themselves, as rows of `rate_limits` that are over when nobody renews them: the key
 * names the place, `points` whoever holds it. By the database's clock, which is one for all.
 */
const HELD_SECONDS = 50;
const now = `(extract(epoch from clock_timestamp()) * 1000)::bigint`;
const until = `${now} + ${HELD_SECONDS * 1_000}`;
const free = `(rate_limits.expire <= ${now} or rate_limits.points = excluded.points)`;

/**
 * Takes any of `keys` that is free, or is the holder's own still; answers which, `undefined` where none is or another
 * was quicker. Any, so that those who ask at once seldom want the same.
 */
export async function takePlace(
  pool: Pool,
  keys: readonly string[],
  holder: number,
): Promise<string | undefined> {
  const { rows } = await pool.query<{ key: string }>(
    `insert into rate_limits (key, points, expire)
     select key, $2, ${until}
     from unnest($1::text[]) as wanted (key)
     where not exists (
       select from rate_limits held
       where held.key = wanted.key and held.expire > ${now} and held.points <> $2)
     order by random()
     limit 1
     on conflict (key) do update set points = excluded.points, expire = excluded.expire where ${free}
     returning key`,
    [keys, holder],
  );
  return rows[0]?.key;
}

/** Goes on holding them; one that somebody else has taken meanwhile stays theirs. */
export async function keepPlaces(pool: Pool, keys: readonly string[], holder: number) {
  await pool.query(
    `insert into rate_limits (key, points, expire)
     select key, $2, ${until} from unnest($1::text[]) as held (key) order by key
     on conflict (key) do update set points = excluded.points, expire = excluded.expire where ${free}`,
    [keys, holder],
  );
}

/** Gives it back, where it is the holder's. */
export async function givePlaceBack(pool: Pool, key: string, holder: number): Promise<void> {
  await pool.query(`delete from rate_limits where key = $1 and points = $2`, [key, holder]);
}
