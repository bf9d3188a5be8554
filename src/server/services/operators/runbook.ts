import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunbookEntry } from '../../../domain/accounts/operator-inbox.ts';
import { ALERT_KINDS } from '../../../domain/alerts.ts';

const FILES = { en: 'runbook.md', 'zh-CN': 'runbook.zh-CN.md' } as const;
export type RunbookLanguage = keyof typeof FILES;

const FOLDER = path.resolve(import.meta.dirname, '../../../../docs');

/** What the runbook of the documents says of each kind of alert; nothing where an install left it out. */
export async function readRunbook(language: RunbookLanguage): Promise<RunbookEntry[]> {
  try {
    return entriesOf(await readFile(path.join(FOLDER, FILES[language]), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Every kind with the section that names it: the first where the kind stands in code letters. */
function entriesOf(text: string): RunbookEntry[] {
  const sections = text.split(/^## /m).slice(1);
  return ALERT_KINDS.flatMap((kind) => {
    const named = sections.filter((section) => section.includes(`\`${kind}\``));
    const section = named.find((one) => isAbout(one, kind)) ?? named[0];
    if (section === undefined) return [];
    const end = section.indexOf('\n');
    return [{ kind, title: section.slice(0, end).trim(), text: section.slice(end).trim() }];
  });
}

/** Whether the section says what the alert of this kind means, and not only mentions it. */
function isAbout(section: string, kind: string): boolean {
  return section
    .split('\n\n')
    .some(
      (part) => /(^|\s)_?(Alerts?|告警)[\s（]*[`：:]/.test(part) && part.includes(`\`${kind}\``),
    );
}
