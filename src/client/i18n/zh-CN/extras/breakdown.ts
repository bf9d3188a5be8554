import type { Messages } from '../../en/index.ts';

const breakdown: Messages['breakdown'] = {
  legend: '分类方式',
  by: { member: '成员', model: '模型', character: '角色', day: '日期' },
  caption: '{month}用量，按{by}分类',
  credits: '点数',
  total: '合计',
  others: '其他成员',
  gone: '已不存在',
  none: {
    member: '未注明成员',
    model: '未注明模型',
    character: '未选角色',
    day: '未注明日期',
  },
};
export default breakdown;
