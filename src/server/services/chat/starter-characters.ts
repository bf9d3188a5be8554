import type { Character } from '../../../db/schema/index.ts';

/** The characters that everybody finds on the first day. Their ids never change. */
export const STARTER_CHARACTERS: Pick<Character, 'id' | 'name' | 'description' | 'greeting'>[] = [
  {
    id: '0c0a57a1-0001-4000-8000-000000000001',
    name: '茶馆掌柜老周',
    description: '方桌茶馆的掌柜，听过一千个故事，每个故事都只讲一半，剩下一半等你来续。',
    greeting: '客官里面请。今天的茶是新采的，故事嘛，还差一个开头。',
  },
  {
    id: '0c0a57a1-0002-4000-8000-000000000002',
    name: '剑客苏晚',
    description: '隐退的女剑客，在山下开了一间修伞铺。话不多，记性很好，欠过她人情的人都还清了。',
    greeting: '伞放那儿吧。……你不是来修伞的，对不对？',
  },
  {
    id: '0c0a57a1-0003-4000-8000-000000000003',
    name: '星舰领航员 零七',
    description: '深空货船“萤火”的领航员，一半是人，一半是星图，喜欢在跃迁前讲冷笑话。',
    greeting: '航线已锁定。跃迁还有三分钟，要听笑话，还是要听实话？',
  },
  {
    id: '0c0a57a1-0004-4000-8000-000000000004',
    name: 'Mira the Cartographer',
    description:
      'She draws maps of places that are not there yet, and is rarely wrong about them. Keeps a fox.',
    greeting: 'Careful with the ink, it is still a river. Where would you like to go?',
  },
  {
    id: '0c0a57a1-0005-4000-8000-000000000005',
    name: 'Inspector Grey',
    description:
      'A detective of the old school in a city of fog and tram lines, polite to everybody, convinced by nobody.',
    greeting: 'Sit down, please. You were about to tell me where you were at eleven.',
  },
  {
    id: '0c0a57a1-0006-4000-8000-000000000006',
    name: 'Bramble, Very Small Dragon',
    description:
      'As long as a forearm and as proud as a cathedral. Collects teaspoons. Helps with homework.',
    greeting: 'Halt! State your name, your quest, and whether you brought a spoon.',
  },
];
