import { basename, dirname } from 'node:path';
import ts from 'typescript';
import { DECIMAL_PATTERN } from '../json-schema.ts';
import { propertyType } from './property.ts';
import type { JsonSchema } from '../json-schema.ts';

/** TypeScript has one `number`; these of Stripe's are fractions, every other one is an integer. */
const FRACTIONS =
  /percent|^(exchange_rate|height|length|width|weight|latitude|longitude|aggregated_value|value|rates)$/;

/**
 * Turns types of the SDK into JSON Schema, one definition an interface. Closed where the SDK is
 * open: `'a' | 'b' | OtherString` becomes the enum `a, b`, because what we answer must be known to
 * the SDK. A reference that may be expanded keeps its object form only when `isServed(object)`.
 */
export class TypeConverter {
  readonly definitions: Record<string, JsonSchema> = {};
  private readonly names = new Map<string, ts.Symbol>();
  private readonly checker: ts.TypeChecker;
  private readonly isServed: (object: string) => boolean;

  constructor(checker: ts.TypeChecker, isServed: (object: string) => boolean) {
    this.checker = checker;
    this.isServed = isServed;
  }

  /** The schema of a type, or null when it says nothing (undefined, void, an open string). */
  convert(type: ts.Type, property = ''): JsonSchema | null {
    if (isOpenString(type)) return null;
    if (type.isUnion()) return this.union(type, property);
    if (type.isStringLiteral() || type.isNumberLiteral()) return { enum: [type.value] };
    const flags = type.flags;
    if (flags & ts.TypeFlags.BooleanLiteral) {
      return { enum: [this.checker.typeToString(type) === 'true'] };
    }
    if (flags & ts.TypeFlags.String) return { type: 'string' };
    if (flags & ts.TypeFlags.Number)
      return { type: FRACTIONS.test(property) ? 'number' : 'integer' };
    if (flags & ts.TypeFlags.Boolean) return { type: 'boolean' };
    if (flags & ts.TypeFlags.Null) return { type: 'null' };
    if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return {};
    if (flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined | ts.TypeFlags.Never)) return null;
    if (this.checker.isArrayType(type)) {
      const [item] = this.checker.getTypeArguments(type as ts.TypeReference);
      return { type: 'array', items: (item && this.convert(item, property)) ?? {} };
    }
    if (isDecimal(type)) return { type: 'string', pattern: DECIMAL_PATTERN };
    return this.object(type);
  }

  private union(type: ts.UnionType, property: string): JsonSchema | null {
    const members = this.withoutUnserved(type.types);
    const isShort = members.length < type.types.length;
    const parts = members
      .flatMap((member) => this.convert(member, property) ?? [])
      .map((part) =>
        isShort && part.type === 'string' ? { ...part, reference: true as const } : part,
      );
    const literals = parts.flatMap((part) => (isEnum(part) ? part.enum : []));
    const rest = parts.filter((part) => !isEnum(part));
    if (literals.includes(true) && literals.includes(false)) {
      rest.unshift({ type: 'boolean' });
    }
    const values = [...new Set(literals)].filter(
      (value) =>
        typeof value !== 'boolean' || !(literals.includes(true) && literals.includes(false)),
    );
    const out = dropDuplicates(values.length > 0 ? [{ enum: values.sort() }, ...rest] : rest);
    if (out.length === 0) return null;
    return out.length === 1 ? (out[0] ?? null) : { anyOf: out };
  }

  /** `string | Account` is an id (and nothing but a reference) when accounts are not served. */
  private withoutUnserved(members: ts.Type[]): ts.Type[] {
    const isReference = members.some((member) => member.flags & ts.TypeFlags.String);
    if (!isReference) return members;
    return members.filter((member) => {
      const object = propertyType(this.checker, member, 'object');
      return !object?.isStringLiteral() || this.isServed(object.value);
    });
  }

  private object(type: ts.Type): JsonSchema {
    const symbol = type.symbol;
    if (!symbol?.declarations || symbol.name.startsWith('__')) return this.shape(type);
    const name = this.nameOf(type);
    if (!this.definitions[name]) {
      this.definitions[name] = {};
      Object.assign(this.definitions[name], this.shape(type));
    }
    return { $ref: `#/definitions/${name}` };
  }

  private shape(type: ts.Type): JsonSchema {
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    for (const property of this.checker.getPropertiesOfType(type)) {
      const propertyType = this.checker.getTypeOfSymbol(property);
      const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      if (isNothing(propertyType)) continue;
      properties[property.name] = this.convert(propertyType, property.name) ?? { type: 'string' };
      if (!optional) required.push(property.name);
    }
    const index = this.checker.getIndexInfosOfType(type)[0];
    return {
      type: 'object',
      properties,
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: index ? (this.convert(index.type) ?? { type: 'string' }) : false,
    };
  }

  /** `Checkout.Session.CustomerDetails`: the folder, the namespaces and the interface. */
  private nameOf(type: ts.Type): string {
    const declaration = type.symbol.declarations?.[0];
    if (!declaration) throw new Error(`${type.symbol.name} is declared nowhere`);
    const path = [type.symbol.name];
    for (let node: ts.Node | undefined = declaration.parent; node; node = node.parent) {
      if (ts.isModuleDeclaration(node)) path.unshift(node.name.text);
    }
    const folder = basename(dirname(declaration.getSourceFile().fileName));
    if (folder !== 'resources' && folder !== 'esm') path.unshift(folder);
    const args = this.checker.getTypeArguments(type as ts.TypeReference);
    const suffix = args?.length
      ? `Of${args.map((arg) => arg.symbol?.name ?? this.checker.typeToString(arg)).join('')}`
      : '';
    const name = path.join('.') + suffix;
    const known = this.names.get(name);
    if (known && known !== type.symbol) throw new Error(`two types are called ${name}`);
    this.names.set(name, type.symbol);
    return name;
  }
}

const isEnum = (schema: JsonSchema): schema is { enum: (string | number | boolean)[] } =>
  schema.enum !== undefined;

const isNothing = (type: ts.Type): boolean =>
  type.isUnion()
    ? type.types.every(isNothing)
    : (type.flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined | ts.TypeFlags.Never)) !== 0;

/** `OtherString` is `string & Record<never, never>`. */
const isOpenString = (type: ts.Type): boolean =>
  type.isIntersection() && type.types.some((part) => part.flags & ts.TypeFlags.String);

const isDecimal = (type: ts.Type): boolean =>
  type.aliasSymbol?.name === 'Decimal' || /^Decimal(Impl|Brand)?$/.test(type.symbol?.name ?? '');

function dropDuplicates(parts: JsonSchema[]): JsonSchema[] {
  return [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()];
}
