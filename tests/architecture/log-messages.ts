import ts from 'typescript';
import { sourceFiles } from './files.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** A place in the product's code that writes into the log. */
export interface LogCall {
  file: string;
  level: string;
  /** `undefined` where the words come from elsewhere. */
  message: string | undefined;
  /** What the line carries besides, where that is written out; `err` is an error. */
  fields: string[];
}

/** Every call of a log in what a production process runs. */
export function logCalls(): LogCall[] {
  return [...sourceFiles('src/server'), ...sourceFiles('scripts/start')]
    .filter(({ path }) => !/__tests__|\.(test|spec)\.ts$/.test(path))
    .flatMap(({ path, text }) => callsIn(path, text));
}

function callsIn(file: string, text: string): LogCall[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: LogCall[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      // `log`, `deps.log`, `this.#log`, `c.get('log')()`, `childLog`.
      const isLog = /(?:^|[.#'])(?:\w*L|l)og(?:'\)\(\))?$/.test(expression.getText(source));
      if (isLog && LEVELS.includes(name.text)) {
        found.push({ file, level: name.text, ...lineOf(node.arguments) });
      }
    }
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

function lineOf(args: ts.NodeArray<ts.Expression>): Pick<LogCall, 'message' | 'fields'> {
  const words = args.find((arg) => ts.isStringLiteralLike(arg));
  const facts = args.find((arg) => ts.isObjectLiteralExpression(arg));
  return {
    message: words && ts.isStringLiteralLike(words) ? words.text : undefined,
    fields: (facts?.properties ?? []).flatMap((one) => one.name?.getText() ?? []),
  };
}
