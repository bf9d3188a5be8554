const KEY = 'squaretable.left';

/** Keeps for the next page of this tab that its reader, `userId`, is not in the team `name` any more. */
export function keepLeft(userId: string, name: string): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify([userId, name]));
  } catch {
    // Full or refused: the header's team then has to say it alone.
  }
}

/** The name of the team that `userId` has just left, once; `null` for everybody else. */
export function takeLeft(userId: string): string | null {
  try {
    const [whose, name] = JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as unknown[];
    sessionStorage.removeItem(KEY);
    return whose === userId && typeof name === 'string' ? name : null;
  } catch {
    return null;
  }
}
