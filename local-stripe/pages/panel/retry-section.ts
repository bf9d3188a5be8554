import { html } from 'hono/html';
import { billingSettings } from '../../billing/settings.ts';
import type { Html } from '../document.ts';
import { hidden } from './frame.ts';
import type { PanelVisit } from './frame.ts';

/** How often a failed payment is tried again, and what then: of subscriptions, and of one-off invoices. */
export function retrySection(visit: PanelVisit): Html {
  const { panel } = visit.page.words;
  const { retry, invoiceRetry } = billingSettings(visit.local.kernel.store);
  return html`<section class="card stack">
    <h2>${panel.retryTitle}</h2>
    <form method="post" action="/_control/panel/retry_settings" class="stack">
      ${hidden({ back: visit.here })}
      ${group(visit, '', panel.retrySubscriptions, retry, panel.finals)}
      ${group(visit, 'invoices_', panel.retryInvoices, invoiceRetry, panel.invoiceFinals)}
      <button class="button plain" type="submit">${panel.save}</button>
    </form>
  </section>`;
}

function group(
  { page }: PanelVisit,
  prefix: string,
  legend: string,
  retry: { attempts: number; spacingSeconds: number; final: string },
  finals: Record<string, string>,
): Html {
  const { panel } = page.words;
  return html`<fieldset class="stack-s">
    <legend>${legend}</legend>
    <div class="pair">
      ${numberField(`${prefix}attempts`, panel.retryAttempts, retry.attempts, '1', '100', '1')}
      ${numberField(`${prefix}days`, panel.retrySpacing, retry.spacingSeconds / 86_400, '0.01', '90', 'any')}
    </div>
    <div class="field">
      <label for="${prefix}final">${panel.retryFinal}</label>
      <select id="${prefix}final" name="${prefix}final">
        ${Object.entries(finals).map(
          ([value, label]) =>
            html`<option value="${value}" ${value === retry.final ? html`selected` : ''}>
              ${label}
            </option>`,
        )}
      </select>
    </div>
  </fieldset>`;
}

function numberField(
  name: string,
  label: string,
  value: number,
  min: string,
  max: string,
  step: string,
): Html {
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      type="number"
      min="${min}"
      max="${max}"
      step="${step}"
      value="${value}"
    />
  </div>`;
}
