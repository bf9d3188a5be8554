import type { Messages } from './en/index.ts';

type Leaves<T, Prefix extends string = ''> = {
  [K in keyof T & string]: T[K] extends string ? `${Prefix}${K}` : Leaves<T[K], `${Prefix}${K}.`>;
}[keyof T & string];

/** Every key of the catalogue, dotted: `shell.nav.chat`. */
export type MessageKey = Leaves<Messages>;

/** What stands in a message's `{holes}`. */
export type Values = Record<string, string | number>;
