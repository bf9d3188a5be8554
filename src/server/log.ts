import { pino, type Logger as PinoLogger, type LoggerOptions } from 'pino';
import { errorFacts, errorText } from './log/error-text.ts';
import { LogOutput } from './log/output.ts';

export type Logger = PinoLogger;

/** Paths whose values never reach a log line: credentials, cards, and links that are credentials. */
const REDACTED = [
  'authorization',
  'password',
  'token',
  'secret',
  'cookie',
  'accessToken',
  'refreshToken',
  'hostedInvoiceUrl',
  'req.headers.authorization',
  'req.headers.cookie',
  '*.password',
  '*.token',
  '*.secret',
  '*.authorization',
];

const READABLE = {
  target: 'pino-pretty',
  options: { colorize: true, ignore: 'pid,hostname' },
};

const facts = (value: unknown) => (value instanceof Error ? errorFacts(value) : value);

/** JSON lines on stdout in production, readable ones on a terminal. `silent` for tests, which may give a stream. */
export function createLog(
  level: string,
  pretty: boolean,
  stream?: { write(line: string): void },
): Logger {
  const options: LoggerOptions = {
    level,
    // Under whatever name an error is logged.
    serializers: { err: facts, error: facts, cause: facts, reason: facts },
    hooks: {
      // Without words of ours the library would take the error's own message.
      logMethod([first, ...rest], method) {
        const error =
          first instanceof Error ? first : (first as { err?: unknown } | undefined)?.err;
        if (rest.length > 0 || !(error instanceof Error)) return method.call(this, first, ...rest);
        return method.call(this, first === error ? { err: error } : first, errorText(error));
      },
    },
    redact: { paths: REDACTED, censor: '[redacted]' },
  };
  if (stream) return pino(options, stream);
  if (pretty) return pino({ ...options, transport: READABLE });
  const log: Logger = pino(
    options,
    new LogOutput({
      onDropped: (lines) => log.error({ lines }, 'lines were dropped, for nobody read the log'),
    }),
  );
  return log;
}
