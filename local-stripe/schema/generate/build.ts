import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { endpoints } from '../endpoints.ts';
import type { JsonSchema, SchemaDocument } from '../json-schema.ts';
import { mergeEqualDefinitions } from './compact.ts';
import { TypeConverter } from './convert.ts';
import { propertyType } from './property.ts';
import { readSdk } from './read-sdk.ts';
import { addUndeclared } from './undeclared.ts';
import type { Sdk, SdkEndpoint } from './read-sdk.ts';

/** Objects that appear only inside others, in events, or on their way out. */
const EMBEDDED = ['discount', 'line_item', 'item', 'entitlements.active_entitlement_summary'];

/** The folder of the SDK that is installed beside us: its code lies one below, its manifest is not exported. */
export function installedSdk(): string {
  return dirname(dirname(createRequire(import.meta.url).resolve('stripe')));
}

/** The schema document of the SDK in `sdkFolder` for the endpoints we serve. */
export function buildSchema(sdkFolder: string): SchemaDocument {
  const sdk = readSdk(sdkFolder);
  const served = endpoints.map((key) => {
    const endpoint = sdk.endpoints.get(key);
    if (!endpoint) throw new Error(`the SDK has no ${key}`);
    return endpoint;
  });
  const objectNames = new Set([
    ...EMBEDDED,
    ...served.flatMap((endpoint) => objectsOf(sdk, endpoint)),
  ]);
  const converter = new TypeConverter(sdk.checker, (object) => objectNames.has(object));
  const toSchema = (type: Parameters<TypeConverter['convert']>[0]): JsonSchema =>
    converter.convert(type) ?? {};

  const document: SchemaDocument = {
    ...readVersions(sdkFolder),
    endpoints: {},
    event: toSchema(sdk.eventBase),
    events: {},
    objects: {},
    definitions: {},
  };
  for (const endpoint of served) {
    document.endpoints[endpoint.key] = {
      ...(endpoint.params ? { params: toSchema(endpoint.params) } : {}),
      response: listOf(endpoint.shape, toSchema(responseOf(sdk, endpoint))),
    };
  }
  for (const [type, object] of sdk.events) {
    const name = propertyType(sdk.checker, object, 'object');
    if (name?.isStringLiteral() && objectNames.has(name.value)) {
      document.events[type] = toSchema(object);
      document.objects[name.value] ??= toSchema(object);
    }
  }
  for (const endpoint of served) {
    for (const member of membersOf(endpoint)) {
      const name = propertyType(sdk.checker, member, 'object');
      const deleted = propertyType(sdk.checker, member, 'deleted');
      const isStub = deleted !== undefined && sdk.checker.typeToString(deleted) === 'true';
      if (name?.isStringLiteral() && !isStub && name.value !== 'event')
        document.objects[name.value] ??= toSchema(member);
    }
  }
  for (const name of ['Event.Data.Object', 'Event.Data.PreviousAttributes']) {
    // Declared without any properties: what they hold depends on the event's type.
    converter.definitions[name] = { type: 'object', properties: {}, additionalProperties: {} };
  }
  addUndeclared(converter.definitions);
  const roots = [
    document.event,
    ...Object.values(document.events),
    ...Object.values(document.objects),
    ...Object.values(document.endpoints).flatMap((e) =>
      e.params ? [e.params, e.response] : [e.response],
    ),
  ];
  document.definitions = mergeEqualDefinitions(converter.definitions, roots);
  return document;
}

/** `Stripe.Event` is the union of all events; the shape of `data.object` is checked by type instead. */
const responseOf = (sdk: Sdk, endpoint: SdkEndpoint) =>
  endpoint.key.includes('/v1/events') ? sdk.eventBase : endpoint.response;

const membersOf = (endpoint: SdkEndpoint) =>
  endpoint.response.isUnion() ? endpoint.response.types : [endpoint.response];

function objectsOf(sdk: Sdk, endpoint: SdkEndpoint): string[] {
  return membersOf(endpoint).flatMap((member) => {
    const object = propertyType(sdk.checker, member, 'object');
    return object?.isStringLiteral() ? [object.value] : [];
  });
}

function listOf(shape: SdkEndpoint['shape'], item: JsonSchema): JsonSchema {
  if (shape === 'object') return item;
  const isList = shape === 'list';
  return {
    type: 'object',
    properties: {
      object: { enum: [shape] },
      data: { type: 'array', items: item },
      has_more: { type: 'boolean' },
      url: { type: 'string' },
      ...(isList
        ? {}
        : {
            next_page: { anyOf: [{ type: 'string' }, { type: 'null' }] },
            total_count: { type: 'integer' },
          }),
    },
    required: ['object', 'data', 'has_more', 'url'],
    additionalProperties: false,
  };
}

function readVersions(sdkFolder: string): Pick<SchemaDocument, 'sdkVersion' | 'apiVersion'> {
  const version = /ApiVersion = "([^"]+)"/.exec(
    readFileSync(join(sdkFolder, 'esm/apiVersion.d.ts'), 'utf8'),
  )?.[1];
  if (version === undefined) throw new Error('the SDK names no API version');
  const { version: sdkVersion } = JSON.parse(readFileSync(join(sdkFolder, 'package.json'), 'utf8'));
  return { sdkVersion, apiVersion: version };
}

/** One definition a line, so that an SDK bump is a readable diff. */
export function printSchema(document: SchemaDocument): string {
  const block = (entries: Record<string, unknown>) =>
    `{\n${Object.entries(entries)
      .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
      .join(',\n')}\n}`;
  return `{\n${Object.entries(document)
    .map(([name, value]) => {
      const isTable = ['endpoints', 'events', 'objects', 'definitions'].includes(name);
      return `${JSON.stringify(name)}:${isTable ? block(value) : JSON.stringify(value)}`;
    })
    .join(',\n')}\n}\n`;
}
