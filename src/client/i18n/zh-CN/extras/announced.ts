import type { Messages } from '../../en/index.ts';

const announced: Messages['announced'] = {
  title: '{plan}将于 {date} 调整',
  less: '届时包含的内容有所减少：',
  dearer: '届时超出额度后的价格提高：',
  both: '届时包含的内容有所减少，超出额度后的价格提高：',
  until: '在此之前一切照旧，订阅价格也不变。',
  untilFree: '在此之前一切照旧。',
  ofFree: '届时剩余的点数按这里所列的标准使用。',
  terms: {
    limit: '{resource}：每月 {to}，原为 {from}',
    limitEnds: '{resource}：不再包含',
    unlimited: '不限量',
    rate: '{resource}：超出额度后每 1,000 个需 {to} 点数，原为 {from} 点数',
    rateEnds: '{resource}：额度用完后不能继续使用',
    overage: '超额用量：每点数 {to}，原为 {from}，需重新同意',
    overageEnds: '超额用量：不再提供',
    rollover: '{resource}：未用部分最多可结转额度的 {to}，原为 {from}',
    rolloverEnds: '{resource}：未用部分不再结转',
    seats: '席位：{to} 个，原为 {from} 个',
    feature: '不再包含：{feature}',
  },
  ways: '你可以这样做',
  stay: '继续使用{plan}：无需任何操作。',
  change: '更改方案：调整之前或之后都可以。',
  cancel: '在 {date} 之前取消。如果现在取消，{plan}将于 {end} 结束。',
  cancelLate:
    '取消订阅。{plan}会保留到已付费周期结束，即 {end}；自 {date} 起到那时，按这里所列的内容提供。',
  cancelNow: '在 {date} 之前取消。如果现在取消，订阅立即结束。',
  ask: '{tenant} 的所有者或管理员可以操作。',
  endsBefore: '你的订阅在此之前，即 {end} 结束，不受这项调整影响。',
  endsAfter: '你的订阅将于 {end} 结束；自 {date} 起到那时，按这里所列的内容提供。',
  changesBefore: '你将在此之前，即 {end} 改为{next}，不受这项调整影响。',
  plans: '查看方案',
};

export default announced;
