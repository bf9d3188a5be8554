import Stripe from 'stripe';
import { startLocalStripe } from '../../index.ts';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { checkedHttpClient } from './checked-client.ts';
import type { Seen } from './checked-client.ts';

/** A key of a real sandbox to run the same tests against; without it the local Stripe is tested. */
const sandboxKey = process.env.STRIPE_CONTRACT_KEY ?? '';

export const isSandbox = sandboxKey !== '';

/** Where that sandbox is reached, when not at Stripe: a proxy, or a local Stripe started apart. */
const sandboxBase = process.env.STRIPE_CONTRACT_BASE;

/** What the contract is held against. */
export interface Subject {
  stripe: Stripe;
  /** Null for a real sandbox. Tests that need it are skipped there. */
  local: LocalStripe | null;
  /** Stops it, and fails when it logged a bug of its own. */
  close(): Promise<void>;
}

/** Opens a local Stripe of its own that checks itself, or the sandbox. */
export async function openSubject(seen?: Seen): Promise<Subject> {
  const httpClient = checkedHttpClient(seen);
  if (isSandbox) {
    if (!sandboxKey.startsWith('sk_test_')) throw new Error('STRIPE_CONTRACT_KEY is no test key');
    const stripe = new Stripe(sandboxKey, { httpClient, ...addressOf(sandboxBase) });
    return { stripe, local: null, close: async () => {} };
  }
  const complaints: string[] = [];
  const local = await startLocalStripe({
    port: 0,
    checkResponses: true,
    seed: 'contract',
    log: (message) => complaints.push(message),
  });
  return {
    stripe: connect(local, { httpClient }),
    local,
    async close() {
      await local.close();
      const [first] = complaints;
      if (first !== undefined)
        throw new Error(`it complained ${complaints.length} times: ${first}`);
    },
  };
}

function addressOf(base: string | undefined): ConstructorParameters<typeof Stripe>[1] {
  if (base === undefined) return {};
  const { hostname, port, protocol } = new URL(base);
  return { host: hostname, port, protocol: protocol === 'http:' ? 'http' : 'https' };
}

/** The local half of a subject, for tests that only run there. */
export function localOf(subject: Subject): LocalStripe {
  if (subject.local === null) throw new Error('this test is for the local Stripe');
  return subject.local;
}

/** A client of a local Stripe, with the SDK's default settings. */
export function connect(
  { port }: LocalStripe,
  config: ConstructorParameters<typeof Stripe>[1] = {},
): Stripe {
  return new Stripe('sk_test_contract', { host: '127.0.0.1', port, protocol: 'http', ...config });
}
