import { World, type WorldOptions } from './world.ts';

/**
 * How long the product waits for Stripe: not long, so that hanging calls are quick; or longer than
 * it takes to kill it while one hangs.
 */
const PATIENCE = { hasty: '1', patient: '30' } as const;
type Kind = keyof typeof PATIENCE;

/** A world gathers events and invoices: after so many tenants a fresh one is quicker. */
const TENANTS_MAX = 400;

/** Worlds that are used again, because starting one takes longer than what is tried in it. */
export class Worlds {
  readonly #postgres: WorldOptions['postgres'];
  readonly #idle = new Map<Kind, World[]>();
  readonly #known = new Map<World, { kind: Kind; tenants: number }>();

  constructor(postgres: WorldOptions['postgres']) {
    this.#postgres = postgres;
  }

  async take(kind: Kind): Promise<World> {
    const idle = this.#idle.get(kind)?.pop();
    if (idle) return idle;
    const world = await World.open({
      postgres: this.#postgres,
      env: { STRIPE_TIMEOUT_SECONDS: PATIENCE[kind] },
    });
    this.#known.set(world, { kind, tenants: 0 });
    return world;
  }

  /** Sends the tenants away, so that nobody charges or visits them again. */
  async giveBack(
    world: World,
    options: {
      leaving: { person: { tenantId: string }; customers: string[] }[];
      isSpoilt: boolean;
    },
  ): Promise<void> {
    const about = this.#known.get(world)!;
    about.tenants += options.leaving.length;
    if (options.isSpoilt || about.tenants > TENANTS_MAX) {
      this.#known.delete(world);
      return world.close();
    }
    await world.chaos({ drop: 1 });
    for (const { customers } of options.leaving) {
      for (const id of customers) await world.stripe.customers.del(id).catch(() => undefined);
    }
    await world.local.settled();
    await world.pool.query('update tenants set stripe_customer_id = null where id = any($1)', [
      options.leaving.map(({ person }) => person.tenantId),
    ]);
    await world.chaos({ drop: 0, failNext: [] });
    this.#idle.set(about.kind, [...(this.#idle.get(about.kind) ?? []), world]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#idle.values()].flat().map((world) => world.close()));
    this.#idle.clear();
  }
}
