import { z } from '@hono/zod-openapi';
import type { ApiError } from '../../domain/api.ts';
import { ERROR_STATUS, type ErrorCode } from '../../domain/errors.ts';

/** The one shape of every error answer. */
export const apiErrorSchema = z
  .object({
    error: z.string().openapi({ description: 'A sentence for people.' }),
    code: z.enum(Object.keys(ERROR_STATUS) as [ErrorCode, ...ErrorCode[]]),
    requestId: z.string(),
    details: z.record(z.string(), z.unknown()),
  })
  .openapi('Error') satisfies z.ZodType<ApiError>;

/** A JSON body of a route's `responses`. */
export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** A JSON body of a route's `request`; a request without one is refused. */
export function jsonBody<S extends z.ZodType>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } };
}

/** What every route for somebody signed in may answer besides. */
export const signedOut = ['unauthenticated', 'token_expired', 'forbidden'] as const;

/**
 * Declares a route's errors by their codes, for the document: the status of each comes from the
 * one table. Handlers throw them, so they are no part of the handler's type.
 */
export function errors(...codes: ErrorCode[]): Record<string, ReturnType<typeof errorResponse>> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const status = ERROR_STATUS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [String(status), errorResponse(of)]),
  );
}

function errorResponse(codes: ErrorCode[]) {
  return json(apiErrorSchema, codes.map((code) => `\`${code}\``).join(', '));
}

/** For a route's `security`: an access token, or an API key, in `Authorization: Bearer`. */
export const userToken: Record<string, string[]>[] = [{ accessToken: [] }];
export const userTokenOrApiKey: Record<string, string[]>[] = [{ accessToken: [] }, { apiKey: [] }];
