/** How many characters there may be of one tenant, and how many of those shared with everybody. */
export const CHARACTERS_MAX = { perTenant: 500, sharedPerTenant: 100 } as const;

/** Of one tenant's shared characters only its newest are listed, so that nobody fills the list. */
export const LISTED_PER_TENANT_MAX = 20;
