/** What the storyteller can say in one language: one of each list, in this order, makes an answer. */
export interface StoryWords {
  narrator: string;
  /** `{name}` speaks, `{said}` is what the person said. */
  echo: string[];
  scene: string[];
  turn: string[];
  /** Only the advanced model goes into these. */
  detail: string[];
  question: string[];
}

export const ENGLISH: StoryWords = {
  narrator: 'the storyteller',
  echo: [
    '“{said}” – {name} turns the words over like a coin, and smiles.',
    '{name} looks up at “{said}” and sets the lamp a little nearer.',
    '“{said}.” {name} nods, slowly, as if a long-awaited guest had knocked.',
    'At “{said}” {name} laughs softly and pulls out a chair at the square table.',
  ],
  scene: [
    'Outside, rain draws thin silver lines down the window of the tea house.',
    'The market is folding up for the night; only the lantern seller still hums.',
    'Somewhere below the harbour wall a boat knocks twice against its mooring.',
    'Snow has begun to fall, the slow kind that makes a whole street whisper.',
  ],
  turn: [
    'A map lies on the table that was not there a moment ago, and one of its roads is still wet with ink.',
    'From a sleeve comes a small brass key, warm, though nobody has held it.',
    'Then the clock skips a beat, and the door at the back stands open by a hand’s breadth.',
    'A letter slides from between the pages, addressed in a hand you know: your own.',
  ],
  detail: [
    'It smells of cedar and old paper; the wax of the seal shows a fox with two shadows, and each shadow points another way.',
    'You count seven steps down, then seven more that were never built, and the air tastes of salt and plums.',
    'Names are scratched into the wood beneath your hand, dozens of them, and the last one has only its first letter.',
    'Far off a bell answers a bell, and between the two strokes you hear somebody breathe in to speak.',
  ],
  question: [
    'Which way do we go?',
    'Do you take it, or do you leave it where it lies?',
    'What do you tell the one who is waiting behind the door?',
    'So tell me: what happens next?',
  ],
};

export const CHINESE: StoryWords = {
  narrator: '说书人',
  echo: [
    '“{said}”——{name}把这句话在指间转了一圈，像转一枚旧铜钱，然后笑了。',
    '听到“{said}”，{name}抬起头来，把灯往你这边挪了挪。',
    '“{said}。”{name}慢慢点头，仿佛等了许久的客人终于敲了门。',
    '{name}听见“{said}”，轻轻笑出声，在方桌旁替你拉开一把椅子。',
  ],
  scene: [
    '窗外的雨顺着茶馆的木格子，拉出一道道细细的银线。',
    '夜市正在收摊，只有卖灯笼的老人还哼着小曲。',
    '堤岸下面，一只小船轻轻撞了两下缆桩。',
    '开始下雪了，是那种让整条街都压低声音的慢雪。',
  ],
  turn: [
    '桌上忽然多了一张地图，其中一条路的墨迹还没有干。',
    '袖口里滑出一把小小的铜钥匙，还是温的，可谁也没有握过它。',
    '这时钟漏跳了一拍，后门无声地开了一掌宽。',
    '书页间掉出一封信，信封上的字你认得：是你自己的笔迹。',
  ],
  detail: [
    '空气里有雪松和旧纸的味道，封蜡上印着一只狐狸，它有两个影子，各指一个方向。',
    '你往下数了七级台阶，又数了七级从未修过的台阶，风里带着海盐和梅子的味道。',
    '手掌下的木头刻满了名字，密密几十个，最后一个只刻了第一笔。',
    '远处一口钟应着另一口钟，在两声之间，你听见有人吸了一口气，正要开口。',
  ],
  question: [
    '我们往哪边走？',
    '你是拿起它，还是让它留在原处？',
    '门后等着的那个人，你要对他说什么？',
    '那么你说，接下来会发生什么？',
  ],
};
