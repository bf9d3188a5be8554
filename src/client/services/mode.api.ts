import type { ModeView } from '../../domain/api.ts';
import { getJson } from './http.ts';

/** Whether payments are real here. */
export function readMode(): Promise<ModeView> {
  return getJson('/api/mode');
}
