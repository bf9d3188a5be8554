import type {
  BusinessList,
  BusinessRows,
  BusinessScreen,
} from '../../domain/accounts/operator-business.ts';
import type { ActResult, TenantAct } from '../../domain/accounts/operator-act.ts';
import type {
  AlertsPage,
  EventDetail,
  EventsPage,
  EventState,
  HealthScreen,
  Replayed,
  RunbookEntry,
} from '../../domain/accounts/operator-inbox.ts';
import type {
  AlertView,
  MailView,
  TenantScreen,
  TenantsPage,
  TimelinePage,
} from '../../domain/accounts/operator-tenant.ts';
import type { ReconcileRunsPage } from '../../domain/accounts/reconcile-run.ts';
import type { OperatorLogPage, OperatorSessionView } from '../../domain/accounts/operator-view.ts';
import { authorizedFetch, getJson, postJson } from './http.ts';

/** Calls of the operator's page; a cookie of its own carries the session. */
const at = (path: string, query: Record<string, string | null | undefined> = {}) => {
  const wanted = Object.entries(query).filter(([, value]) => value);
  const search = new URLSearchParams(wanted as [string, string][]).toString();
  return `/api/admin/${path}${search === '' ? '' : `?${search}`}`;
};

export const readOperatorSession = () => getJson<OperatorSessionView>(at('session'));
export const signInAsOperator = (wish: { password: string; code: string; reason: string }) =>
  postJson<OperatorSessionView>(at('session'), wish);
export async function signOutAsOperator(): Promise<void> {
  await authorizedFetch(at('session'), { method: 'DELETE' });
}

export const findTenants = (q: string, cursor: string | null) =>
  getJson<TenantsPage>(at('tenants', { q, cursor }));
export const readTenant = (id: string) => getJson<TenantScreen>(at(`tenants/${id}`));
export const readTimeline = (id: string, cursor: string | null) =>
  getJson<TimelinePage>(at(`tenants/${id}/timeline`, { cursor }));
export const readTenantMail = (id: string, mailId: string) =>
  getJson<MailView>(at(`tenants/${id}/mails/${mailId}`));
export async function exportPerson(id: string, userId: string): Promise<Blob> {
  return (await authorizedFetch(at(`tenants/${id}/people/${userId}/export.json`))).blob();
}

/** What an act is told besides its name. */
export type ActInput = Record<string, string | number | boolean | null>;
export const carryOutAct = (
  id: string,
  wish: { act: TenantAct; reason: string; dryRun: boolean } & ActInput,
) => postJson<ActResult>(at(`tenants/${id}/acts`), wish);

export const listEvents = (state: EventState | '', cursor: string | null) =>
  getJson<EventsPage>(at('events', { state, cursor }));
export const readEvent = (id: string) => getJson<EventDetail>(at(`events/${id}`));
export const replayEvents = (wish: { ids?: string[]; reason: string; dryRun: boolean }) =>
  postJson<Replayed>(at('events/replay'), wish);
export const listAlerts = (state: 'open' | 'resolved', cursor: string | null) =>
  getJson<AlertsPage>(at('alerts', { state, cursor }));
export const resolveAlert = (id: string, reason: string) =>
  postJson<AlertView>(at(`alerts/${id}/resolve`), { reason });
export const readRunbook = (language: string) =>
  getJson<{ entries: RunbookEntry[] }>(at('runbook', { language }));
export const readBusiness = () => getJson<BusinessScreen>(at('business'));
/** Of one month, `YYYY-MM`, or of all where that is empty. */
export const listBusiness = (list: BusinessList, month: string, cursor: string | null) =>
  getJson<BusinessRows>(at(`business/${list}`, { month, cursor }));
export async function downloadBusiness(list: BusinessList, month: string): Promise<Blob> {
  return (await authorizedFetch(at(`business/${list}/export.csv`, { month }))).blob();
}
export const readHealth = () => getJson<HealthScreen>(at('health'));
export const listReconcileRuns = (cursor: string | null) =>
  getJson<ReconcileRunsPage>(at('reconcile-runs', { cursor }));
export const readLog = (cursor: string | null) => getJson<OperatorLogPage>(at('log', { cursor }));
