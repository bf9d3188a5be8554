import { expect, test } from 'vitest';
import { mailboxOf } from '../email.ts';

test.each([
  ['ada@example.com', 'ada@example.com'],
  ['Ada@Example.COM', 'ada@example.com'],
  ['ada+trial2@example.com', 'ada@example.com'],
  ['a.d.a@gmail.com', 'ada@gmail.com'],
  ['A.d.a+x.y@GoogleMail.com', 'ada@gmail.com'],
  ['a.d.a@example.com', 'a.d.a@example.com'],
  ['+ada@example.com', '+ada@example.com'],
  ['ada@example.com.', 'ada@example.com'],
  ['ａｄａ@example.com', 'ada@example.com'],
])('9.14 %s is the mailbox %s', (email, mailbox) => {
  expect(mailboxOf(email)).toBe(mailbox);
});

test('9.14 a mailbox is its own mailbox', () => {
  for (const one of ['a.d.a+b@gmail.com', 'A+B+C@x.org']) {
    expect(mailboxOf(mailboxOf(one))).toBe(mailboxOf(one));
  }
});
