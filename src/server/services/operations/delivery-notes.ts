import type { Db } from '../../../db/client.ts';
import {
  findSetting,
  writeSetting,
} from '../../../db/repositories/operations/setting.repository.ts';
import type { Clock } from '../../../domain/clock.ts';

/** When a delivery was last taken, and last refused for its signature: `doctor` compares. */
export const DELIVERY_SETTING = 'webhook.deliveries';

export type Delivery = 'accepted' | 'refused';

const NOTED_EVERY_MS = 60_000;

/** Notes deliveries, each kind at most once a minute of a process. Never rejects. */
export class DeliveryNotes {
  readonly #deps: { db: Db; clock: Clock };
  readonly #notedAt = new Map<Delivery, number>();

  constructor(deps: { db: Db; clock: Clock }) {
    this.#deps = deps;
  }

  async note(delivery: Delivery): Promise<void> {
    const noted = this.#notedAt.get(delivery);
    if (noted !== undefined && performance.now() - noted < NOTED_EVERY_MS) return;
    this.#notedAt.set(delivery, performance.now());
    const { db, clock } = this.#deps;
    const now = clock.now();
    try {
      const before = (await findSetting(db, DELIVERY_SETTING)) as object | undefined;
      await writeSetting(db, DELIVERY_SETTING, { ...before, [delivery]: now.toISOString() }, now);
    } catch {
      this.#notedAt.delete(delivery);
    }
  }
}
