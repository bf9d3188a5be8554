import type { Env } from './env.ts';

export interface SignInLimits {
  /** Failures in `windowSeconds`: of one address, of one account, of both together. */
  failuresMax: number;
  windowSeconds: number;
  registrationsPerHour: number;
  /** False for a try on one's own machine: whoever sits there is nobody to keep out. */
  countsLoopback: boolean;
}

/** Decides how many failed sign-ins and how many registrations are let through. */
export function decideSignInLimits(env: Env, production: boolean): SignInLimits {
  const set = [env.LOGIN_FAILURES_MAX, env.LOGIN_WINDOW_MINUTES, env.REGISTRATIONS_PER_HOUR];
  return {
    failuresMax: env.LOGIN_FAILURES_MAX ?? 20,
    windowSeconds: (env.LOGIN_WINDOW_MINUTES ?? 15) * 60,
    registrationsPerHour: env.REGISTRATIONS_PER_HOUR ?? 20,
    countsLoopback: production || set.some((value) => value !== undefined),
  };
}
