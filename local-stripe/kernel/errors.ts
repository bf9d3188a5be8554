/** The `error` object of a response, as Stripe words it. */
export interface ErrorBody {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  param?: string;
  decline_code?: string;
  [extra: string]: unknown;
}

/**
 * What a handler throws to answer with an error. The changes of the request are undone, unless
 * `keepsChanges`: a declined payment is an error to the caller, yet its charge and events remain.
 */
export class StripeError extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly keepsChanges: boolean;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    body: ErrorBody,
    options: { keepsChanges?: boolean; headers?: Record<string, string> } = {},
  ) {
    super(body.message);
    this.name = 'StripeError';
    this.status = status;
    this.body = body;
    this.keepsChanges = options.keepsChanges ?? false;
    this.headers = options.headers ?? {};
  }
}

const NOT_WRITTEN = 'state_not_written';

/** 503: the state cannot be kept (a full disk), so what was asked is undone and nothing happened. */
export function stateNotWritten(path: string, cause: unknown): StripeError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new StripeError(503, {
    type: 'api_error',
    code: NOT_WRITTEN,
    message: `The local Stripe cannot write its state to ${path} (${code}): make room there. Nothing was changed.`,
  });
}

export function isStateNotWritten(error: unknown): error is StripeError {
  return error instanceof StripeError && error.body.code === NOT_WRITTEN;
}

/** 400: the request cannot be done as it stands. */
export function invalidRequest(message: string, param?: string, code?: string): StripeError {
  return new StripeError(400, {
    type: 'invalid_request_error',
    message,
    ...(param === undefined ? {} : { param }),
    ...(code === undefined ? {} : { code }),
  });
}

/** 400 `parameter_missing`. */
export function missingParam(param: string): StripeError {
  return invalidRequest(`Missing required param: ${param}.`, param, 'parameter_missing');
}

/** 400 `parameter_unknown`. */
export function unknownParam(param: string): StripeError {
  return invalidRequest(`Received unknown parameter: ${param}`, param, 'parameter_unknown');
}

/**
 * `resource_missing`: 404 when the object named in the path is not there (param `id`), 400 when a
 * parameter names one that is not there.
 */
export function noSuch(noun: string, id: string, param = 'id'): StripeError {
  return new StripeError(param === 'id' ? 404 : 400, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${noun}: '${id}'`,
    param,
  });
}

/** 402: the card said no. `keepsChanges` says whether the failed attempt is on record. */
export function cardError(
  body: Omit<ErrorBody, 'type'> & { message: string },
  options: { keepsChanges: boolean },
): StripeError {
  return new StripeError(402, { ...body, type: 'card_error' } as ErrorBody, options);
}
