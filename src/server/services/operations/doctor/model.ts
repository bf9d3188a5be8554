import { z } from 'zod';
import type { LlmConfig } from '../../../config/config.ts';
import { fault, well, type Finding } from './faults.ts';

const TIMEOUT_MS = 5_000;
const SUBJECT = 'Language model';

type Upstream = Extract<LlmConfig, { kind: 'openai_compatible' }>;

/** Asks for the list of models, which costs nothing; those that are set have to be in it. */
export async function examineLlm(llm: LlmConfig): Promise<Finding[]> {
  if (llm.kind === 'storyteller') return [];
  try {
    const { status, body } = await ask(llm, '/models');
    if (status === 401 || status === 403) {
      return [fault(SUBJECT, 'llm_refuses_key', `It answers ${status}.`)];
    }
    if (status >= 500) return [fault(SUBJECT, 'llm_away', `It answers ${status}.`)];
    if (status === 404) return [await examineChats(llm)];
    return examineModels(llm, body);
  } catch {
    return [fault(SUBJECT, 'llm_away', `Nothing answers at ${llm.baseUrl}.`)];
  }
}

/** Some providers list no models. A chat without anything in it is refused by who knows chats, for nothing. */
async function examineChats(llm: Upstream): Promise<Finding> {
  const { status } = await ask(llm, '/chat/completions', '{}');
  if (status !== 404) return well(SUBJECT);
  const what = `Neither /models nor /chat/completions is known at ${llm.baseUrl}.`;
  return fault(SUBJECT, 'llm_elsewhere', what);
}

const modelList = z.object({ data: z.array(z.object({ id: z.string() })).min(1) });

function examineModels({ model, advancedModels }: Upstream, body: string): Finding[] {
  const listed = modelList.safeParse(readJson(body)).data?.data.map(({ id }) => id);
  const unknown = listed ? [model, ...advancedModels].filter((id) => !listed.includes(id)) : [];
  if (unknown.length === 0) return [well(SUBJECT)];
  const what = `It lists ${listed!.length} models, and not ${unknown.join(', ')}.`;
  return [fault(SUBJECT, 'llm_model_unknown', what)];
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

async function ask({ baseUrl, apiKey }: Upstream, path: string, body?: string) {
  const response = await fetch(`${baseUrl}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(apiKey ? { Authorization: `Bearer ${apiKey}` } : {}),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return { status: response.status, body: await response.text() };
}
