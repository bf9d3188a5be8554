/** The part of JSON Schema (draft-07) that the SDK's types need. */
export interface JsonSchema {
  $ref?: string;
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'null' | 'array' | 'object';
  enum?: (string | number | boolean)[];
  pattern?: string;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | false;
  anyOf?: JsonSchema[];
  /** A string that is the id of an object which is not served. */
  reference?: true;
}

/** What `generate/` writes and everything else reads. */
export interface SchemaDocument {
  sdkVersion: string;
  apiVersion: string;
  endpoints: Record<string, { params?: JsonSchema; response: JsonSchema }>;
  event: JsonSchema;
  /** Event type → schema of `data.object`. */
  events: Record<string, JsonSchema>;
  /** Value of `object` → schema, for every object that an endpoint answers with. */
  objects: Record<string, JsonSchema>;
  definitions: Record<string, JsonSchema>;
}

/** How a Decimal travels: a string of digits. */
export const DECIMAL_PATTERN = '^-?\\d+(\\.\\d+)?$';
