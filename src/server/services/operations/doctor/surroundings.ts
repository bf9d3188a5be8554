import { constants } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { createTransport } from 'nodemailer';
import type { Config } from '../../../config/config.ts';
import { fault, well, type Finding } from './faults.ts';

const TIMEOUT_MS = 5_000;
const FREE_MIN = 0.05;

/** How much of the disk of a folder is free, as a share. */
export type FreeShare = (folder: string) => Promise<number>;

export const freeShare: FreeShare = async (folder) => {
  const { bavail, blocks } = await statfs(folder);
  return blocks === 0 ? 1 : bavail / blocks;
};

export async function examineDataDir(folder: string, free: FreeShare): Promise<Finding[]> {
  const subject = `Data folder ${folder}`;
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return [fault(subject, 'data_dir_unwritable', `It cannot be written (${code}).`)];
  }
  const share = await free(folder);
  if (share >= FREE_MIN) return [well(subject)];
  return [fault(subject, 'disk_nearly_full', `Only ${Math.floor(share * 100)} % of it is free.`)];
}

/** Connects, greets and signs in, as for a mail; sends none. */
export async function examineMail({ mail }: Pick<Config, 'mail'>): Promise<Finding[]> {
  if (mail.kind === 'kept') return [];
  const subject = 'Mail server';
  const limits = {
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
  };
  const transport = createTransport({ url: mail.url, ...limits });
  try {
    await transport.verify();
    return [well(subject)];
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === 'EAUTH') return [fault(subject, 'smtp_refuses', 'It refuses the sign-in.')];
    return [fault(subject, 'smtp_away', `It does not answer as a mail server does (${message}).`)];
  } finally {
    transport.close();
  }
}
