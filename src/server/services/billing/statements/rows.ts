import type { Readable } from 'node:stream';
import type { ProofRange } from '../../../../db/repositories/usage/credits/unbilled.ts';
import { RowsHash } from './proof.ts';
import type { ClosingDeps } from './statement-deps.ts';

/** The movements of a run as rows of a proof; a stream that holds a connection until it is read or destroyed. */
export async function openRows(
  { router }: Pick<ClosingDeps, 'router'>,
  tenantId: string,
  run: ProofRange,
): Promise<Readable> {
  const rows = await router.read(
    tenantId,
    (bucket) => bucket.streamProofRows(tenantId, run),
    (found) => found === undefined,
  );
  if (rows === undefined) throw new Error(`No bucket has the tenant ${tenantId}.`);
  return rows;
}

/** Their hash behind the one before. Throws when they are not all there, each once. */
export async function hashRows(
  deps: Pick<ClosingDeps, 'router'>,
  tenantId: string,
  run: ProofRange,
  previousSha256: string,
): Promise<string> {
  const hash = new RowsHash(previousSha256);
  let count = 0;
  for await (const piece of await openRows(deps, tenantId, run)) {
    const rows = piece as Buffer;
    hash.add(rows);
    for (let at = rows.indexOf(10); at >= 0; at = rows.indexOf(10, at + 1)) count += 1;
  }
  const wanted = run.to - run.from + 1;
  if (count !== wanted) {
    throw new Error(
      `The account of ${tenantId} has ${count} movements of ${run.from} to ${run.to}.`,
    );
  }
  return hash.end();
}
