import { timestamp, uuid } from 'drizzle-orm/pg-core';

/** An instant: `timestamptz`, read and written as a Date. */
export const instant = () => timestamp({ withTimezone: true, mode: 'date' });

/** A random UUID primary key. */
export const id = () => uuid().primaryKey().defaultRandom();

/** When the row was made. The database's own time unless the writer passes its clock's. */
export const createdAt = () => instant().notNull().defaultNow();

/** When the row last changed; every writer passes its clock's time. */
export const updatedAt = () => instant().notNull().defaultNow();
