import type { LlmConfig } from '../../../config/config.ts';
import { OpenAiProvider } from './openai-provider.ts';
import type { ChatProvider } from './provider.ts';
import { storyteller } from './storyteller.ts';

/** The configured endpoint, or the built-in storyteller when there is none. */
export function chooseProvider(llm: LlmConfig): ChatProvider {
  return llm.kind === 'storyteller' ? storyteller : new OpenAiProvider(llm);
}
