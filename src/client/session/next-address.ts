/**
 * Where to go after login: an address of ours, never another site's (`//host`, `\host`) and never
 * the login itself.
 */
export function safeNext(next: unknown): string {
  if (typeof next !== 'string' || !/^\/(?![/\\])/.test(next)) return '/chat';
  return /^\/(login|register)\b/.test(next) ? '/chat' : next;
}
