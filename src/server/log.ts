import { pino, type Logger as PinoLogger } from 'pino';

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

/** JSON lines on stdout in production, readable ones on a terminal. `silent` for tests. */
export function createLog(level: string, pretty: boolean): Logger {
  return pino({
    level,
    redact: { paths: REDACTED, censor: '[redacted]' },
    ...(pretty
      ? {
          transport: { target: 'pino-pretty', options: { colorize: true, ignore: 'pid,hostname' } },
        }
      : {}),
  });
}
