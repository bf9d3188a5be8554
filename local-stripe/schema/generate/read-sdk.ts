import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { propertyType } from './property.ts';

/** One method of the SDK: the request it makes, and the types of what goes in and comes out. */
export interface SdkEndpoint {
  key: string;
  params: ts.Type | null;
  response: ts.Type;
  shape: 'object' | 'list' | 'search_result';
}

export interface Sdk {
  checker: ts.TypeChecker;
  endpoints: Map<string, SdkEndpoint>;
  /** Event type → type of its `data.object`. */
  events: Map<string, ts.Type>;
  eventBase: ts.Type;
}

/** Reads the SDK's declarations (types) and its compiled methods (paths). Takes about two seconds. */
export function readSdk(sdkFolder: string): Sdk {
  const resources = join(sdkFolder, 'esm/resources');
  const files = (readdirSync(resources, { recursive: true }) as string[])
    .filter(
      (file) => file.endsWith('.d.ts') && !file.startsWith('V2') && !file.endsWith('index.d.ts'),
    )
    .sort()
    .map((file) => join(resources, file));
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const endpoints = new Map<string, SdkEndpoint>();
  for (const file of files) {
    const source = program.getSourceFile(file);
    if (!source) throw new Error(`${relative(sdkFolder, file)} cannot be read`);
    const requests = readRequests(file.replace(/\.d\.ts$/, '.js'));
    ts.forEachChild(source, (node) => {
      if (!ts.isClassDeclaration(node) || !node.name) return;
      for (const member of node.members) {
        if (!ts.isMethodDeclaration(member)) continue;
        const key = requests.get(`${node.name.text}.${member.name.getText()}`);
        if (key !== undefined) endpoints.set(key, describe(checker, key, member));
      }
    });
  }
  const eventsFile = program.getSourceFile(join(resources, 'Events.d.ts'));
  if (!eventsFile) throw new Error('Events.d.ts is missing from the SDK');
  return { checker, endpoints, ...readEvents(checker, eventsFile) };
}

/** `Class.method` → `METHOD path`, from the calls of `_makeRequest` in the compiled file. */
function readRequests(file: string): Map<string, string> {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.ES2022,
    true,
  );
  const found = new Map<string, string>();
  const visit = (node: ts.Node, owner: string): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'this._makeRequest') {
      const [method, path] = node.arguments;
      if (method && ts.isStringLiteral(method) && path)
        found.set(owner, `${method.text} ${pathOf(path)}`);
    }
    ts.forEachChild(node, (child) => visit(child, owner));
  };
  ts.forEachChild(source, (node) => {
    if (!ts.isClassDeclaration(node) || !node.name) return;
    for (const member of node.members) {
      if (ts.isMethodDeclaration(member))
        visit(member, `${node.name.text}.${member.name.getText()}`);
    }
  });
  return found;
}

/** `/v1/customers/${encodeURIComponent(id)}` → `/v1/customers/:id`. */
function pathOf(node: ts.Expression): string {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return node.getText();
  return node.templateSpans.reduce((path, span) => {
    const name = ts.isCallExpression(span.expression)
      ? span.expression.arguments[0]
      : span.expression;
    return `${path}:${name?.getText()}${span.literal.text}`;
  }, node.head.text);
}

function describe(checker: ts.TypeChecker, key: string, method: ts.MethodDeclaration): SdkEndpoint {
  const params = method.parameters.find((parameter) => parameter.name.getText() === 'params');
  const returned = method.type;
  if (!returned || !ts.isTypeReferenceNode(returned)) throw new Error(`${key} declares no result`);
  const name = returned.typeName.getText();
  const inner = returned.typeArguments?.[0];
  if (!inner) throw new Error(`${key} returns ${returned.getText()}`);
  const shape =
    name === 'ApiListPromise'
      ? 'list'
      : name === 'ApiSearchResultPromise'
        ? 'search_result'
        : 'object';
  // Promise<Response<Customer>>: the object is the argument of Response.
  const node =
    shape === 'object' && ts.isTypeReferenceNode(inner) && inner.typeArguments?.[0]
      ? inner.typeArguments[0]
      : inner;
  return {
    key,
    params: params?.type ? checker.getTypeFromTypeNode(params.type) : null,
    response: checker.getTypeFromTypeNode(node),
    shape,
  };
}

function readEvents(
  checker: ts.TypeChecker,
  source: ts.SourceFile,
): Pick<Sdk, 'events' | 'eventBase'> {
  const events = new Map<string, ts.Type>();
  let eventBase: ts.Type | undefined;
  ts.forEachChild(source, (node) => {
    if (!ts.isInterfaceDeclaration(node)) return;
    const type = checker.getTypeAtLocation(node.name);
    if (node.name.text === 'EventBase') eventBase = type;
    if (!node.name.text.endsWith('Event')) return;
    const name = propertyType(checker, type, 'type');
    const data = propertyType(checker, type, 'data');
    const object = data && propertyType(checker, data, 'object');
    if (name?.isStringLiteral() && object) events.set(name.value, object);
  });
  if (!eventBase) throw new Error('EventBase is missing from the SDK');
  return { events, eventBase };
}
