import type ts from 'typescript';

/** The type of a property, or undefined when the type has none of that name. */
export function propertyType(
  checker: ts.TypeChecker,
  type: ts.Type,
  name: string,
): ts.Type | undefined {
  const symbol = checker.getPropertyOfType(type, name);
  return symbol && checker.getTypeOfSymbol(symbol);
}
