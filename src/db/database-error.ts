/** PostgreSQL's codes and Node's for "the database cannot be reached or is going down". */
const AWAY = /^(08...|57P0[1-3]|53300|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT)$/;

/** The SQLSTATE, or Node's code, wherever the driver or the ORM wrapped it. */
export function databaseCode(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { code } = error as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return undefined;
}

/** Which constraint refused, when one did. */
export function violatedConstraint(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { constraint } = error as { constraint?: unknown };
    if (typeof constraint === 'string') return constraint;
  }
  return undefined;
}

/** True for connection failures, after which nobody knows whether a commit got through. */
export function isDatabaseAway(thrown: unknown): boolean {
  if (AWAY.test(databaseCode(thrown) ?? '')) return true;
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (/Connection terminated|timeout exceeded when trying to connect/.test(error.message)) {
      return true;
    }
    if (/not queryable|connection error/.test(error.message)) return true;
  }
  return false;
}
