/** A JSON schema as the OpenAPI document writes it, as far as requests need it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  format?: string;
  pattern?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  minItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
}

export interface Operation {
  method: string;
  path: string;
  query: { name: string; schema: Schema; required: boolean }[];
  body: Schema | undefined;
}

interface Described {
  parameters?: { name: string; in: string; schema: Schema; required?: boolean }[];
  requestBody?: { content: { 'application/json': { schema: Schema } } };
}

export interface ApiDocument {
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema> };
}

export const operationsOf = ({ paths }: ApiDocument): Operation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      ...{ method, path },
      query: parameters
        .filter((one) => one.in === 'query')
        .map(({ name, schema, required = false }) => ({ name, schema, required })),
      body: requestBody?.content['application/json'].schema,
    })),
  );

/** Answers a whole number from 0 below `below`: which way a request goes where there are several. */
type Choose = (below: number) => number;

/** Always the same choices for the same seed (Park and Miller's generator). */
export function chooser(seed: number): Choose {
  let state = (seed % 2_147_483_646) + 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

export interface Filling {
  document: ApiDocument;
  /** Of what is chosen: the same request for the same seed. */
  seed: number;
  /** Values that the product knows, by the name of their field. */
  known: Record<string, readonly unknown[]>;
  /** Takes the place of one value somewhere in what is filled; nothing is poisoned without it. */
  poison?: unknown;
}

/**
 * A value that a schema takes, but for one leaf of it, which is poisoned: so that the poison comes past
 * all that looks at the others. What may be left out is there in half of the cases.
 */
export function filled(schema: Schema, filling: Filling): unknown {
  // Twice the same choices: once to count the leaves, once to poison one of them.
  const walk = (leaf: Leaf) => {
    const choose = chooser(filling.seed);
    return { value: fill(schema, { ...filling, choose, leaf }, ''), choose };
  };
  let count = 0;
  const { choose } = walk((own) => ((count += 1), own));
  const at = choose(Math.max(1, count));
  let place = -1;
  const isPoisoned = 'poison' in filling;
  return walk((own) => ((place += 1), isPoisoned && place === at ? filling.poison : own)).value;
}

type Leaf = (own: unknown) => unknown;
type Walk = Filling & { choose: Choose; leaf: Leaf };

function fill(schema: Schema, walk: Walk, name: string): unknown {
  const { choose, document, leaf } = walk;
  if (schema.$ref) {
    return fill(document.components.schemas[schema.$ref.split('/').at(-1)!]!, walk, name);
  }
  const ways = schema.oneOf ?? schema.anyOf;
  if (ways) return fill(ways[choose(ways.length)]!, walk, name);
  if (schema.properties) {
    const parts = Object.entries(schema.properties).filter(
      ([part]) => schema.required?.includes(part) === true || choose(2) === 0,
    );
    return Object.fromEntries(parts.map(([part, inner]) => [part, fill(inner, walk, part)]));
  }
  if (schema.items) {
    const length = Math.max(1, schema.minItems ?? 0);
    return Array.from({ length }, () => fill(schema.items!, walk, name));
  }
  return leaf(plain(schema, walk, name));
}

function plain(schema: Schema, { choose, known }: Walk, name: string): unknown {
  const values = schema.enum ?? known[name] ?? known[schema.format ?? ''];
  if (values) return values[choose(values.length)];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'boolean') return choose(2) === 0;
  if (type === 'integer' || type === 'number') {
    return Math.max(1, schema.minimum ?? (schema.exclusiveMinimum ?? 0) + 1);
  }
  if (type === 'object' || type === undefined) return { a: 1 };
  return 'x'.repeat(Math.max(3, schema.minLength ?? 0));
}
