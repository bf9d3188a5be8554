import type pg from 'pg';
import { bucketSchema } from '../../buckets.ts';
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
