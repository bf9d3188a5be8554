import type pg from 'pg';
import { bucketSchema } from '../../buckets.ts';
import { databaseCode, isGivenWay } from '../../database-error.ts';
import type { Queryable } from './hot-path.ts';

/**
 * A bucket of metering as its statements see it: the schema that has its tables and functions, and
 * whom to ask. Every statement names the schema, whatever the connection's search path is.
 */
export interface Bucket<Client extends Queryable = Queryable> {
  readonly schema: string;
  readonly client: Client;
  /** Through whom its tables are made and dropped. */
  readonly maker: Queryable;
  /** It lies on a worker of Citus, which plans each part of a statement by itself. */
  readonly byCitus: boolean;
}

/** For what must be one transaction: the caller's connection. */
export type BucketConnection = Bucket<pg.ClientBase>;

/** The bucket of a number, asked by `client`; its tables are made by the same unless told, and not by Citus. */
export function bucketOf<Client extends Queryable>(
  client: Client,
  number = 0,
  { maker = client, byCitus = false }: { maker?: Queryable; byCitus?: boolean } = {},
): Bucket<Client> {
  return { schema: bucketSchema(number), client, maker, byCitus };
}

const NO_ROWS = 'P0002';

/**
 * True when a statement may be run again as it was: it gave way to another, or a row that it had locked was not
 * there any more. That is so on a worker of Citus to which the bucket comes while the statement runs: what came
 * is no part of what it sees.
 */
export function isToComeAgain({ byCitus }: Bucket, error: unknown): boolean {
  return isGivenWay(error) || (byCitus && databaseCode(error) === NO_ROWS);
}

/** A statement that the server keeps prepared, under a name of its own in each bucket. */
export function prepared(name: string, write: (schema: string) => string) {
  const statements = new Map<string, { name: string; text: string }>();
  return ({ schema }: Bucket): { name: string; text: string } => {
    let statement = statements.get(schema);
    if (statement === undefined) {
      statement = { name: `${schema}.${name}`, text: write(schema) };
      statements.set(schema, statement);
    }
    return statement;
  };
}
