/** What a part of a trace carries: ids and outcomes, nothing that people wrote. */
export type Attributes = Record<string, string | number | boolean>;

export interface SpanOptions {
  /** Who asks whom: `server` is asked, `client` asks; within the process unless told. */
  kind?: 'server' | 'client';
  attributes?: Attributes;
  /** A `traceparent` to go on from, instead of what is under way. */
  parent?: string | undefined;
}

export interface Span {
  set(attributes: Attributes): void;
}

/**
 * The traces of OpenTelemetry: what led to what, over processes and over Stripe. The product knows this
 * alone; what makes and sends them is loaded where traces are asked for.
 */
export interface Trace {
  readonly on: boolean;
  /** Runs `work` as a part of what is under way. One that rejects is told as failed. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
  /** What is under way, as a `traceparent`, for who goes on with it later. */
  current(): string | undefined;
  /** Sends what was not sent yet. */
  close(): Promise<void>;
}

const idle: Span = { set: () => {} };

/** Where nobody asked for traces: nothing is made, and nothing loaded. */
export const noTrace: Trace = {
  on: false,
  span: (_name, _options, work) => work(idle),
  current: () => undefined,
  close: () => Promise.resolve(),
};
