import type { Messages } from '../../en/index.ts';

const breakdown: Messages['breakdown'] = {
  legend: '分类方式',
  by: { member: '成员', model: '模型', character: '角色', day: '日期' },
  caption: '{month}用量，按{by}分类',
  credits: '点数',
  total: '合计',
  others: '其他成员',
  tooMuch: '这个月的记录太多，无法在此分类汇总。请点击“下载 CSV”，文件里有全部记录。',
  gone: '已不存在',
  none: {
    member: '未注明成员',
    model: '未注明模型',
    character: '未选角色',
    day: '未注明日期',
  },
};
export default breakdown;
