/** Parameters that no call of the walk can have, and why: they are refused as what they are. */
export const unfit: readonly { endpoint: RegExp; param: RegExp; why: string }[] = [
  {
    endpoint: /(event_summaries|preview\/lines)$/,
    param: /^(starting_after|ending_before)$/,
    why: 'the rows are made anew each time: none has an id to go on from',
  },
];
