/**
 * PostgreSQL's codes for "this database does no work now": it cannot be reached or goes down (08, 57P),
 * takes no writes because it is a standby or was made read-only (25006), ended a statement or a
 * transaction that waited too long by its own settings (57014, 25P03, 25P04), has run out of disk, memory
 * or connections (53), cannot use its disk (58), or does not let us in: its password was changed, or the
 * database of that name is gone (28, 3D000).
 */
const DOES_NO_WORK = /^(08...|25006|25P0[34]|28...|3D000|53...|57014|57P..|58...)$/;

/** Node's codes for the same: no way there, or nobody who answers, the server of names among them. */
const NOT_REACHED =
  /^(EADDRNOTAVAIL|EAI_AGAIN|ECONN(ABORTED|REFUSED|RESET)|EHOST(DOWN|UNREACH)|ENET(DOWN|RESET|UNREACH)|ENOENT|ENOTFOUND|EPIPE|ETIMEDOUT)$/;

/**
 * Node's codes for a way that is there and not safe: a certificate that has run out, is another server's
 * or of nobody whom we trust, or a server that speaks no TLS of ours.
 */
const NOT_SAFE =
  /^(CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|EPROTO|ERR_(SSL|TLS)_\w+|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/;

const DISK_FULL = '53100';

/** What the driver says without a code; the last two: of a server without TLS, of a password it cannot give. */
const BROKEN =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|^timeout expired$|not queryable|connection error|SSL connection|^SASL/;

/** What the pool says when none of its connections came free in time: they work, for others. */
const ALL_LENT = 'timeout exceeded when trying to connect';

/** What the driver says when its own time limit for a statement is over. */
const UNANSWERED = 'Query read timeout';

/** Values that cannot be stored, break a rule of a table, or are too deep or too long to be read. */
const DATA_REFUSED = /^(22|23|54)/;

/**
 * Text with a NUL character, or a JSON escape of one, and times that no calendar of the server's has:
 * routes refuse them, this is the net below.
 */
const UNSTORABLE = /^(22021|22P05|22007|22008)$/;

/** What a server of Citus hands on about rows that it copies to another has its SQLSTATE in its message alone. */
const CODE_IN_MESSAGE: readonly (readonly [RegExp, string])[] = [
  [/^duplicate key value violates unique constraint "/, '23505'],
  [/ violates check constraint "|^no partition of relation "/, '23514'],
  [/ violates not-null constraint$/, '23502'],
  [/^deadlock detected$/, '40P01'],
];

/** The SQLSTATE, or Node's code, wherever the driver or the ORM wrapped it. */
export function databaseCode(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const code = codeOf(error);
    if (code !== undefined) return code;
  }
  return undefined;
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string') return undefined;
  if (code !== 'XX000') return code;
  return CODE_IN_MESSAGE.find(([says]) => says.test(error.message))?.[1] ?? code;
}

/** What a server of Citus hands on from another has the constraint in its message alone. */
const CONSTRAINT_IN_MESSAGE = /\bconstraint "([^"]+)"/;

/** Which constraint refused, when one did. */
export function violatedConstraint(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { constraint } = error as { constraint?: unknown };
    if (typeof constraint === 'string') return constraint;
    const named = CONSTRAINT_IN_MESSAGE.exec(error.message)?.[1];
    if (named !== undefined && codeOf(error)?.startsWith('23')) return named;
  }
  return undefined;
}

/** True when the database does no work now; nobody knows whether a commit under way got through. */
export function isDatabaseAway(thrown: unknown): boolean {
  return someError(
    thrown,
    (error, code) =>
      DOES_NO_WORK.test(code) ||
      NOT_REACHED.test(code) ||
      NOT_SAFE.test(code) ||
      BROKEN.test(error.message),
  );
}

const NODE = Symbol('node');

/** Notes on an error of which server it is, `host:port`; of the main database's nothing is noted. */
export function markNode(error: unknown, node: string): void {
  if (error instanceof Error) Object.defineProperty(error, NODE, { value: node });
}

/** The server of buckets that an error is of; `undefined` for the main database's. */
export function nodeOf(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { [NODE]: node } = error as { [NODE]?: string };
    if (node !== undefined) return node;
  }
  return undefined;
}

/** True when the server ended a transaction in favour of another one: it may be run again as it was. */
export function isGivenWay(thrown: unknown): boolean {
  return someError(thrown, (_error, code) => code === '40001' || code === '40P01');
}

/** True when a disk of the server is full. */
export function isDiskFull(thrown: unknown): boolean {
  return someError(thrown, (_error, code) => code === DISK_FULL);
}

/** True when the server said nothing within the time that a statement has. */
export function isUnanswered(thrown: unknown): boolean {
  return someError(thrown, (error) => error.message === UNANSWERED);
}

/** True when all connections of a pool were with others for longer than one waits. */
export function hasNoFreeConnection(thrown: unknown): boolean {
  return someError(thrown, (error) => error.message === ALL_LENT);
}

/**
 * True where the database, or we in writing for it, refused a value of the statement rather than the
 * statement: another call's values may well be taken.
 */
export function isDataRefused(thrown: unknown): boolean {
  if (isDatabaseAway(thrown)) return false;
  const code = databaseCode(thrown);
  return code === undefined ? thrown instanceof RangeError : DATA_REFUSED.test(code);
}

/** True where a value is text, or a time, that the database cannot hold. */
export function isUnstorable(thrown: unknown): boolean {
  return someError(thrown, (_error, code) => UNSTORABLE.test(code));
}

/** Looks through what the driver, the ORM and we wrapped around it. */
function someError(thrown: unknown, is: (error: Error, code: string) => boolean): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (is(error, codeOf(error) ?? '')) return true;
  }
  return false;
}
