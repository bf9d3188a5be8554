export { endpoints } from './endpoints.ts';
export type { EndpointKey } from './endpoints.ts';
export { validateRequest } from './request/validate.ts';
export { METADATA_KEYS_MAX } from './request/metadata.ts';
export { checkEvent, checkObject, checkResponse } from './response/check.ts';
export { emptyValue } from './response/empty.ts';
export { strictSelfCheck } from './response/strict.ts';
export { matchEndpoint } from './match.ts';
