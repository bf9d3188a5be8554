import type { Answer } from './http.ts';

/** Somebody's browser as the API sees it: it keeps the cookie, and says what it is. */
export class BrowserSession {
  cookie = '';
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  async send<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    token?: string,
  ): Promise<Answer<T>> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        'Content-Type': 'application/json',
        ...this.#headers,
        ...(this.cookie === '' ? {} : { Cookie: this.cookie }),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const set = response.headers.get('set-cookie')?.split(';')[0];
    if (set !== undefined) this.cookie = set;
    const text = await response.text();
    const parsed: unknown = text === '' ? {} : JSON.parse(text);
    return { status: response.status, headers: response.headers, body: parsed as T };
  }

  /** Signs in and answers the access token. */
  async signIn(email: string, password: string): Promise<string> {
    const { status, body } = await this.send<{ accessToken: string }>('POST', '/api/auth/login', {
      ...{ email, password },
    });
    if (status !== 200) throw new Error(`Signing in answered ${status}.`);
    return body.accessToken;
  }

  /** The status of going on with the session. */
  async refresh(): Promise<number> {
    return (await this.send('POST', '/api/auth/refresh', {})).status;
  }
}
