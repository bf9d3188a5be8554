import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  FILE_LANGUAGES,
  type FileLanguage,
  type FileWords,
} from '../../domain/accounts/files/file-words.ts';
import type { AppEnv } from '../app-env.ts';
import { csvInWords } from '../services/operations/csv-in-words.ts';
import { respondWithFile, type FileStreamOptions } from './response-stream.ts';

/** Of a file for people. */
export const langQuery = z.object({
  lang: z.enum(FILE_LANGUAGES).optional().openapi({
    description:
      'Headings and names in this language, with a byte order mark, for people and their spreadsheets. Without it the names that programs read, which stay.',
  }),
});

/** A `responses` entry of a route that answers with a CSV. */
export const csvResponse = {
  description: 'CSV. Instants are ISO 8601 in UTC.',
  content: { 'text/csv': { schema: z.string() } },
};

interface CsvOptions extends Omit<FileStreamOptions, 'headers'> {
  /** Of the file, without its ending. */
  name: string;
  lang: FileLanguage | undefined;
  words(language: FileLanguage): FileWords;
}

/** Answers with a CSV, in words of `lang` where that is asked for. */
export function respondWithCsv(
  c: Context<AppEnv>,
  { name, lang, words, open, ...options }: CsvOptions,
): Promise<Response> {
  return respondWithFile(c, {
    ...options,
    headers: {
      ...csvHeaders(`${name}.csv`),
      ...(lang === undefined ? {} : { 'Content-Language': lang === 'zh' ? 'zh-CN' : 'en' }),
    },
    open: async () => (lang === undefined ? open() : csvInWords(await open(), words(lang))),
  });
}

/** Of a CSV that is saved under `name`. */
export function csvHeaders(name: string): Record<string, string> {
  return {
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': `attachment; filename="${name}"`,
  };
}
