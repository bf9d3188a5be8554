import type { Messages } from '../en/index.ts';

const conversations: Messages['conversations'] = {
  title: '对话',
  lead: '只有你能看到，在每台设备上都能找到。',
  empty: '还没有对话。你在聊天中说的话会保存在这里。',
  toChat: '去聊天',
  with: '与 {name}',
  talked: '最近：{date}',
  open: '打开 {title}',
  rename: '改名',
  renameOf: '为 {title} 改名',
  name: '新标题',
  save: '保存',
  delete: '删除',
  deleteOf: '删除 {title}',
  confirm: '删除后，其中的内容无法恢复。',
  deleted: '“{title}”已删除。',
  room: '你有 {count} 个对话，最多 {max} 个。',
  full: '已达上限：删除一个才能开始新的对话。',
  earlier: '显示更早的内容',
  gone: '{name} 已不在。你可以阅读之前的内容，并在上方开始新的对话。',
};
export default conversations;
