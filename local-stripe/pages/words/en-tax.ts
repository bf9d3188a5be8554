/** What pages say of tax. */
export const enTax = {
  label: 'Tax',
  rate: (name: string, percentage: number) => `${name} (${percentage}%)`,
  included: (label: string) => `${label}, included in the price`,
  exempt: 'Tax exempt',
  reverseCharge: 'Reverse charge',
  reverseChargeText: 'Reverse charge: the customer accounts for the tax.',
  none: 'No tax collected',
  pending: 'Enter your address to see the tax',
  totalChangedTitle: 'The total has changed',
  totalChangedText: (total: string) =>
    `With the tax at your address it is ${total}. Nothing was charged: check it, and confirm once more.`,
  business: 'Buying for a business',
  businessName: 'Business name',
  idType: 'Kind of tax ID',
  noId: 'None',
  id: 'Tax ID',
  idInvalid: 'This is not a tax ID of that kind.',
};
