import type { ResourceType, ResourceUsage } from '../../domain/quota.ts';

export interface UsageNotice {
  level: 'warning' | 'exceeded';
  resources: ResourceType[];
}

/** The one notice to show: what is used up outranks what is nearly so, and each names its resources. */
export function usageNotice(resources: readonly ResourceUsage[]): UsageNotice | null {
  for (const level of ['exceeded', 'warning'] as const) {
    const concerned = resources.filter((usage) => usage.level === level);
    if (concerned.length > 0) {
      return { level, resources: concerned.map(({ resourceType }) => resourceType) };
    }
  }
  return null;
}

/** How far a bar is filled: the true figure may be above 100, the bar cannot. */
export function barPercent(usage: ResourceUsage): number {
  return Math.max(0, Math.min(100, usage.percent ?? 0));
}
