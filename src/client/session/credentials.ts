/** The server asks the same; saying it first saves a round trip. */
export const PASSWORD_LENGTH_MIN = 8;

export type FieldFault = 'required' | 'email' | 'password' | 'amount';

export function emailFault(value: string): FieldFault | null {
  if (value.trim() === '') return 'required';
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value.trim()) ? null : 'email';
}

export function passwordFault(value: string, lengthMin: number): FieldFault | null {
  if (value === '') return 'required';
  return value.length < lengthMin ? 'password' : null;
}
