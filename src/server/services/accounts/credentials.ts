/** Where a request comes from. */
export interface ClientInfo {
  address: string;
  isLoopback: boolean;
  /** What the browser calls itself; `null` when it does not say. */
  userAgent: string | null;
}

/** Who gets an account. */
export interface NewAccount {
  email: string;
  displayName?: string | undefined;
  tenantName?: string | undefined;
  locale: string;
  from: ClientInfo;
}

/** What somebody says who makes an account. */
export interface Registration extends NewAccount {
  password: string;
}

/** What somebody shows to sign in. */
export interface Credentials {
  email: string;
  password: string;
  /** Of the second factor, where there is one. */
  code?: string | undefined;
  from: ClientInfo;
}
