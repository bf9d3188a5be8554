import type { Ids } from './ids.ts';
import { looksLikeId } from './ids.ts';
import { isObject } from './recorded.ts';
import type { Json, JsonObject } from './recorded.ts';
import { ofEachWorld } from './own-to-each-world.ts';

/** One field: where it is, what real Stripe answered there and what we did. */
export interface Field {
  /** `latest_invoice.lines.data.0.amount`, below the answer. */
  path: string;
  /** `invoice.lines.data.amount`: the innermost object with a name, and the path within it. */
  place: string;
  recorded: Json | undefined;
  ours: Json | undefined;
  agrees: boolean;
}

interface Here {
  path: string;
  object: string;
  within: string;
}

/** Requests went out some seconds after each other; we send ours at once. */
const secondsApart = 10;

/**
 * Every field of two answers side by side; what one of them lacks counts with all that is in it. Ids
 * that are met at the same place are learnt.
 */
export function compare(recorded: Json, ours: Json, ids: Ids, beganAt: number): Field[] {
  const fields: Field[] = [];
  const walk = (theirs: Json | undefined, mine: Json | undefined, here: Here): void => {
    if (isObject(theirs) || (theirs === undefined && isObject(mine))) {
      const inside = enter(theirs, here);
      const both = { ...(isObject(mine) ? mine : {}), ...theirs };
      learn(ids, theirs, mine);
      for (const key of Object.keys(both)) {
        walk(theirs?.[key], isObject(mine) ? mine[key] : undefined, below(inside, key));
      }
      if (Object.keys(both).length > 0) return;
    }
    if (Array.isArray(theirs)) {
      const others = Array.isArray(mine) ? mine : [];
      const length = Math.max(theirs.length, others.length);
      for (let i = 0; i < length; i += 1) walk(theirs[i], others[i], element(here, i));
      if (length > 0) return;
    }
    const place = `${here.object}.${here.within}`;
    const agrees = sameLeaf(theirs, mine, here.path, ids, beganAt);
    fields.push({ path: here.path, place, recorded: theirs, ours: mine, agrees });
  };
  walk(recorded, ours, { path: '', object: '', within: '' });
  return fields;
}

function enter(object: JsonObject | undefined, here: Here): Here {
  const name = object?.object;
  return typeof name === 'string' ? { ...here, object: name, within: '' } : here;
}

/** Objects at the same place stand for each other. */
function learn(ids: Ids, theirs: JsonObject | undefined, mine: Json | undefined): void {
  if (typeof theirs?.id !== 'string' || !isObject(mine) || typeof mine.id !== 'string') return;
  ids.agree(theirs.id, mine.id);
}

const join = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);
const below = (here: Here, key: string): Here => ({
  ...here,
  path: join(here.path, key),
  within: join(here.within, key),
});
const element = (here: Here, index: number): Here => ({
  ...here,
  path: join(here.path, String(index)),
});

function sameLeaf(
  recorded: Json | undefined,
  ours: Json | undefined,
  path: string,
  ids: Ids,
  beganAt: number,
): boolean {
  if (recorded === ours) return true;
  if (typeof recorded === 'string' && typeof ours === 'string') {
    return sameText(recorded, ours, path, ids);
  }
  if (isInstant(recorded) && isInstant(ours)) {
    if (recorded < beganAt && ours < beganAt) return true;
    return Math.abs(recorded - ours) <= secondsApart;
  }
  if (typeof recorded === 'number' && typeof ours === 'number') {
    return ofEachWorld.some(({ field }) => field.test(path));
  }
  return JSON.stringify(recorded) === JSON.stringify(ours);
}

function sameText(recorded: string, ours: string, path: string, ids: Ids): boolean {
  if (ids.has(recorded) || looksLikeId(recorded)) return ids.agree(recorded, ours);
  if (ids.translate(recorded) === ours) return true;
  const world = ofEachWorld.find(({ field }) => field.test(path));
  if (world === undefined) return false;
  return world.form === undefined || (world.form.test(recorded) && world.form.test(ours));
}

const isInstant = (value: Json | undefined): value is number =>
  typeof value === 'number' && value > 1_000_000_000 && value < 4_000_000_000;
