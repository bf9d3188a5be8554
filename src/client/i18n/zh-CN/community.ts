import type { Messages } from '../en/index.ts';

const community: Messages['community'] = {
  title: '社区',
  lead: '别人带来的角色，还有你自己的。',
  search: '搜索角色',
  create: '创建角色',
  mine: '我的',
  shared: '已分享',
  private: '仅自己可见',
  talk: '与{name}聊天',
  talkShort: '聊天',
  empty: '还没有角色，来当第一个吧。',
  noMatch: '没有与“{query}”匹配的角色。',
  form: {
    title: '新角色',
    name: '名字',
    description: '是谁',
    descriptionHint: '一两句话：性情、身份、秘密。',
    greeting: '开场白',
    share: '分享到社区',
    shareHint: '任何人都可以和分享的角色聊天。',
    shareLocked: '{plan}可以分享角色。',
    unlock: '了解{plan}',
    submit: '创建',
  },
  created: '{name}已入座。',
};
export default community;
