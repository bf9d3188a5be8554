import type { SessionView } from '../../src/domain/api.ts';
import { caller, type Answer, type Caller } from '../support/http.ts';

export const PASSWORD = 'correct horse battery';

/**
 * Speaks as somebody who has signed in. A session runs out by real time, and a run may take long: then
 * it signs in again and asks once more, as the pages do. What was refused so has changed nothing.
 */
export function speaker(url: string, email: string, token: string): Caller {
  let signedIn = caller(url, token);
  const speak = async <T>(ask: (api: Caller) => Promise<Answer<T>>): Promise<Answer<T>> => {
    const answer = await ask(signedIn);
    if ((answer.body as { code?: string } | null)?.code !== 'token_expired') return answer;
    const { status, body } = await caller(url).post<SessionView>('/api/auth/login', {
      email,
      password: PASSWORD,
    });
    if (status !== 200) return answer;
    signedIn = caller(url, body.accessToken);
    return ask(signedIn);
  };
  return {
    get: (path) => speak((api) => api.get(path)),
    post: (path, body) => speak((api) => api.post(path, body)),
    put: (path, body) => speak((api) => api.put(path, body)),
    patch: (path, body) => speak((api) => api.patch(path, body)),
    delete: (path, body) => speak((api) => api.delete(path, body)),
  };
}
