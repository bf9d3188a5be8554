/**
 * How long an upstream is waited for. Any byte from it, be it a comment or a thought, means that it
 * lives; without one it is given up after `silenceSeconds`, and in any case after `totalSeconds`.
 */
export class UpstreamTimeout {
  readonly #over = new AbortController();
  readonly #silence: NodeJS.Timeout;
  readonly #total: NodeJS.Timeout;
  #paused = false;

  constructor(silenceSeconds: number, totalSeconds: number) {
    this.#silence = setTimeout(() => {
      if (this.#paused) this.#silence.refresh();
      else this.#giveUp(`The upstream was silent for ${silenceSeconds} s.`);
    }, silenceSeconds * 1000);
    this.#total = setTimeout(
      () => this.#giveUp(`The upstream was not done after ${totalSeconds} s.`),
      totalSeconds * 1000,
    );
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** The same response, its bytes heard as they come. */
  listenTo(response: Response): Response {
    if (!response.body) return response;
    const heard = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.#silence.refresh();
        controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(heard), { headers: response.headers });
  }

  /** Nobody reads right now, so nothing can be heard. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#silence.refresh();
  }

  /** Ends the call, if it is still under way, and the waiting. */
  end(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#total);
    this.#over.abort();
  }

  #giveUp(why: string): void {
    this.#over.abort(new Error(why));
  }
}
