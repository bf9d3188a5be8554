import { MOVEMENT_WORDS } from './credit-words.ts';
import { RESOURCE_NAMES } from '../../product.ts';
import { wordOf, type FileLanguage, type FileWords } from './file-words.ts';

const HEADINGS = {
  en: {
    day: 'Day (UTC)',
    resource: 'Resource',
    amount: 'Amount',
    member: 'Member',
    model: 'Model',
    seq: 'No.',
    at: 'When (UTC)',
    kind: 'What',
    grant_id: 'Id of the credits',
    units: 'Amount used',
    credits_a_unit: 'Credits for one',
    credits: 'Credits',
    balance: 'Left after it',
    reverses: 'Returns No.',
  },
  zh: {
    day: '日期（UTC）',
    resource: '资源',
    amount: '用量',
    member: '成员',
    model: '模型',
    seq: '序号',
    at: '时间（UTC）',
    kind: '内容',
    grant_id: '点数编号',
    units: '用量',
    credits_a_unit: '每单位点数',
    credits: '点数变动',
    balance: '变动后剩余',
    reverses: '退还的序号',
  },
} as const;

/** All others but the reader, in the report of a member. */
export const OTHERS: Readonly<Record<FileLanguage, string>> = { en: 'others', zh: '其他人' };

/** Usage by day, resource, member and model. */
export function reportWords(language: FileLanguage): FileWords {
  return {
    headings: HEADINGS[language],
    cells: { resource: (cell) => wordOf(RESOURCE_NAMES[language], cell) },
  };
}

/** Movements of credits; credits are whole and decimal ones, never money. */
export function movementWords(language: FileLanguage): FileWords {
  const words = MOVEMENT_WORDS[language];
  return {
    headings: HEADINGS[language],
    cells: {
      resource: (cell) => wordOf(RESOURCE_NAMES[language], cell),
      kind: (cell, row) => (row('reverses') === '' ? wordOf(words, cell) : words.returned),
    },
  };
}
