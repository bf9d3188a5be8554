/** What comes last in a transaction, and in which order (`ctx.atEnd`). */
export const atEnd = { entitlements: 0, invoicePayment: 1, dispute: 2 } as const;
