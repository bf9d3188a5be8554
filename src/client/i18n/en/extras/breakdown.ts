export default {
  legend: 'Taken apart by',
  by: { member: 'Member', model: 'Model', character: 'Character', day: 'Day' },
  caption: 'Usage by {by}, {month}',
  credits: 'Credits',
  total: 'Total',
  others: 'Everybody else',
  tooMuch:
    'This month has too many entries to be taken apart here. They are all in the file: choose “Download CSV”.',
  gone: 'No longer here',
  none: {
    member: 'No member named',
    model: 'No model named',
    character: 'Without a character',
    day: 'No day',
  },
};
