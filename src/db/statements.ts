/** Comments, quoted text and names, and bodies between dollars: a semicolon in them ends nothing. */
const TOKENS =
  /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|;|[\s\S]/g;

/** The statements of an SQL text, without the semicolons between them; comments stay with what follows. */
export function statementsOf(sql: string): string[] {
  const statements: string[] = [];
  let [text, isEmpty] = ['', true];
  const end = () => {
    if (!isEmpty) statements.push(text.trim());
    [text, isEmpty] = ['', true];
  };
  for (const [token] of sql.matchAll(TOKENS)) {
    if (token === ';') {
      end();
      continue;
    }
    text += token;
    isEmpty &&= /^(?:\s|--|\/\*)/.test(token);
  }
  end();
  return statements;
}
