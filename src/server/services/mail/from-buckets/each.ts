import type { Database } from '../../../../db/client.ts';
import { bucketOf, type Bucket } from '../../../../db/repositories/usage/bucket.ts';

/** How many are listed at once. */
export const AT_ONCE = 100;

/** Runs `work` in one bucket after the other; one that is away keeps the others' mails from nobody. */
export async function inEachBucket(
  buckets: Database['buckets'],
  work: (bucket: Bucket) => Promise<void>,
): Promise<void> {
  const failed: unknown[] = [];
  for (const { number } of await buckets.list()) {
    await buckets
      .of(number)
      .then(({ pool }) => work(bucketOf(pool, number)))
      .catch((error: unknown) => failed.push(error));
  }
  if (failed.length > 0) throw failed[0];
}

/** Mails about all that there is: `mail` closes each, so that it is not listed again. */
export async function mailEach<T>(list: () => Promise<T[]>, mail: (one: T) => Promise<void>) {
  for (let found = AT_ONCE; found === AT_ONCE;) {
    const all = await list();
    found = all.length;
    for (const one of all) await mail(one);
  }
}
