import { resource } from './resource.ts';
import { createConfiguration, updateConfiguration } from '../portal/configure.ts';
import { createPortalSession } from '../portal/create-session.ts';
import { resumeWhenDue } from '../portal/pause.ts';

export const portalConfigurations = resource({
  kind: 'billing_portal.configuration',
  path: '/v1/billing_portal/configurations',
  noun: 'configuration',
  list: {
    active: (configuration, active: boolean) => configuration.active === active,
    is_default: (configuration, isDefault: boolean) => configuration.is_default === isDefault,
  },
  create: createConfiguration,
  update: updateConfiguration,
});

/** Stripe offers no way to read a portal session again. */
export const portalSessions = resource({
  kind: 'billing_portal.session',
  path: '/v1/billing_portal/sessions',
  retrieve: false,
  references: { configuration: 'billing_portal.configuration' },
  due: { 'portal.resume': resumeWhenDue },
  create: createPortalSession,
});

/** Not of the API: the rows behind the portal's sessions, found by the intent they wait for. */
export const portalRows = resource({
  kind: '_portal',
  path: '',
  retrieve: false,
  indexes: { intent: ({ intent }) => intent },
});
