import { readText, sourceFiles, type SourceFile } from './files.ts';

/** The npm scripts that a production install runs: the product, and the commands of its operators. */
export const OPERATORS = [
  'start',
  'db:migrate',
  'stripe:setup',
  'stripe:backfill',
  'stripe:import',
  'doctor',
  'reconcile',
  'events:replay',
  'plans:publish',
  'rates:publish',
  'usage:verify',
  'usage:archive',
  'usage:correct',
  'allowance:add',
  'credits:grant',
  'credits:refund',
  'credits:revoke',
  'overage:trust',
  'statement:hold',
  'statement:release',
  'statement:write-off',
  'statement:verify',
  'usage:spread',
  'community:reports',
  'community:hide',
  'grace:extend',
  'invoice:refund',
  'subscription:end',
  'tenant:delete',
  'mail:resend',
  'alert:resolve',
  'person:export',
  'operator:grant',
  'operator:revoke',
] as const;

export const { dependencies, devDependencies, scripts } = JSON.parse(readText('package.json')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  scripts: Record<string, string>;
};

/** The program of ours that an npm script starts, where it starts one. */
export function programOf(name: string): string | undefined {
  return /scripts\/[\w/-]+\.ts/.exec(scripts[name]!)?.[0];
}

const files = new Map(
  ['src', 'scripts'].flatMap((folder) => sourceFiles(folder)).map((file) => [file.path, file]),
);

/** Every file of ours that `program` imports, itself included. */
export function filesOf(program: string, seen = new Map<string, SourceFile>()) {
  const file = files.get(program);
  if (!file || seen.has(program)) return seen;
  seen.set(program, file);
  for (const { from, typeOnly } of file.imports) if (!typeOnly) filesOf(from, seen);
  return seen;
}
