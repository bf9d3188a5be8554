import type { Messages } from '../en/index.ts';

const settings: Messages['settings'] = {
  title: '设置',
  account: {
    title: '账户',
    name: '名字',
    email: '邮箱',
    tenant: '桌名',
    role: '角色',
    roles: { owner: '所有者', admin: '管理员', member: '成员' },
  },
  look: { title: '外观', language: '语言', zh: '中文', en: '英文' },
  keys: {
    title: '接口密钥',
    lead: '供你自己的程序使用。每个带密钥的请求计一次接口调用。',
    locked: '{plan}提供接口密钥。',
    unlock: '了解{plan}',
    name: '密钥名称',
    namePlaceholder: '我的脚本',
    create: '创建密钥',
    created: '请立即复制密钥，之后不再显示。',
    copy: '复制',
    copied: '已复制',
    caption: '你的接口密钥',
    columns: { name: '名称', prefix: '开头', created: '创建时间', used: '最近使用' },
    never: '从未',
    remove: '删除',
    removeOf: '删除密钥 {name}',
    confirm: '删除“{name}”？使用它的程序会立即失效。',
    empty: '还没有密钥。',
  },
};
export default settings;
