/** The words spoken over the API; the schema adds them. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Vocabulary {}

/** What an event may be about, such as `invoice.paid`. */
export type EventType = Vocabulary extends { eventType: infer T extends string } ? T : string;
