import { eachOf } from './concurrency.ts';
import { Person } from './person.ts';
import type { Scene } from './scene.ts';
import { stateOf, type StateName } from './states.ts';
import { World, type WorldOptions } from './world.ts';

/** A world full of tenants in one state, to which it comes back for each batch. */
export interface Stage {
  world: World;
  scene: Scene;
  people: Person[];
}

/** Retries as a Stripe account has them at first. */
const AS_IT_COMES = { attempts: 8, spacingSeconds: 2 * 86_400, final: 'cancel' };
const AT_ONCE = 4;

/**
 * Brings as many tenants to `state`, once for all that is tried in it: getting there takes longer
 * than what is tried. How the state came about is not what is tried: a look tells of it, which is
 * quicker than events.
 */
export async function setStage(
  postgres: WorldOptions['postgres'],
  name: StateName,
  seats: number,
): Promise<Stage> {
  const world = await World.open({ postgres });
  try {
    await world.toMarch();
    const people = await build(world, name, seats);
    await world.local.settled();
    world.forgetEvents();
    await world.chaos({ drop: 0 });
    return { world, people, scene: await world.keep() };
  } catch (error) {
    await world.close();
    throw error;
  }
}

async function build(world: World, name: StateName, seats: number): Promise<Person[]> {
  const state = stateOf(name);
  await world.control.post('/_control/retry_settings', state.retries ?? AS_IT_COMES);
  await world.chaos({ drop: 1 });
  const people = await eachOf(AT_ONCE, [...Array(seats).keys()], async () => {
    const person = await Person.register(world);
    await state.build(person);
    await person.sync();
    return person;
  });
  if (state.days) await world.passDays(state.days);
  if (state.days || state.then) {
    await eachOf(AT_ONCE, people, async (person) => {
      await state.then?.(person);
      await person.sync();
    });
  }
  await state.last?.(people);
  return people;
}

/**
 * The world as it was when the stage was set, with `count` of its tenants; the others are gone, so
 * that nobody charges or visits them.
 */
export async function takeSeats(
  { world, scene, people }: Stage,
  count: number,
  env: Record<string, string>,
): Promise<Person[]> {
  await world.returnTo(scene, env);
  await world.chaos({ drop: 1 });
  const leaving = people.slice(count);
  for (const person of leaving) {
    const customer = await person.customerId();
    if (customer) await world.stripe.customers.del(customer).catch(() => undefined);
  }
  await world.local.settled();
  await world.pool.query('update tenants set stripe_customer_id = null where id = any($1)', [
    leaving.map(({ tenantId }) => tenantId),
  ]);
  world.forgetEvents();
  return people.slice(0, count);
}
