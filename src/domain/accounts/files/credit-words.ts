const en = {
  granted: 'Added',
  grant: 'Paid with credits',
  overage: 'Overage',
  uncovered: 'Used beyond the credits; not charged',
  expired: 'Ended',
  revoked: 'Taken back',
  returned: 'Returned',
};

const zh: typeof en = {
  granted: '到账',
  grant: '由点数支付',
  overage: '超额用量',
  uncovered: '超出点数的使用，不收费',
  expired: '到期',
  revoked: '收回',
  returned: '退还',
};

/** What movements of credits are called, on the page and in the file that is downloaded. */
export const MOVEMENT_WORDS = { en, zh } as const;
