import { isResourceType, RESOURCE_TYPES, type ResourceType } from '../../src/domain/quota.ts';
import { Mistyped } from './command.ts';

const ALL = RESOURCE_TYPES.join(', ');

/** Which resource a command is about. */
export const RESOURCE_FLAG = {
  resource: { type: 'string', value: 'NAME', about: ALL, required: true },
} as const;

/** The resource that was typed. */
export function typedResource(typed: string): ResourceType {
  if (isResourceType(typed)) return typed;
  throw new Mistyped(`There is no resource "${typed}"; there are ${ALL}.`);
}
