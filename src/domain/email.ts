const GMAIL = new Set(['gmail.com', 'googlemail.com']);

/**
 * The mailbox behind an address, for "once per e-mail": lower case, without a plus-tag
 * (`ada+trial@…` is `ada@…`), and at Gmail, which ignores them, without dots; googlemail.com is
 * gmail.com. For comparing only: mail goes to the address as it was written.
 */
export function mailboxOf(email: string): string {
  const written = email.normalize('NFKC').trim().toLowerCase();
  const at = written.lastIndexOf('@');
  if (at < 1) return written;
  const local = written.slice(0, at).replace(/(?!^)\+.*$/, '');
  const domain = written.slice(at + 1).replace(/\.$/, '');
  return GMAIL.has(domain) ? `${local.replaceAll('.', '')}@gmail.com` : `${local}@${domain}`;
}
