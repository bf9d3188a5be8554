import { html } from 'hono/html';
import { newest } from '../../control/state.ts';
import { readSettings } from '../../kernel/settings.ts';
import type { Html } from '../document.ts';
import { actionButton, code, hidden, renderPanel, renderTable } from './frame.ts';
import type { PanelVisit } from './frame.ts';
import { retrySection } from './retry-section.ts';

/** What a Dashboard would be opened for, and what no Dashboard offers. */
export function renderSettings(visit: PanelVisit): Html {
  const { panel } = visit.page.words;
  return renderPanel(
    visit,
    'settings',
    html`<h1 class="visually-hidden">${panel.tabs.settings}</h1>
      <div class="columns">
        ${chaosPart(visit)} ${failNextPart(visit)} ${retrySection(visit)} ${portalPart(visit)}
        ${endpointPart(visit)} ${resetPart(visit)}
      </div>`,
  );
}

function chaosPart(visit: PanelVisit): Html {
  const { panel } = visit.page.words;
  const { chaos } = readSettings(visit.local.kernel.store);
  const modes = (['duplicate', 'shuffle', 'drop'] as const).filter((name) => chaos[name] > 0);
  const now =
    modes.length === 0
      ? panel.chaos.normal
      : modes.map((name) => `${panel.chaos[name]} (${Math.round(chaos[name] * 100)}%)`).join(', ');
  return html`<section class="card stack">
    <h2>${panel.chaosTitle}</h2>
    <p>
      ${panel.chaosNow}:
      <span class="badge ${modes.length === 0 ? 'good' : 'warn'}" data-chaos>${now}</span>
    </p>
    <div class="tools">
      ${(['normal', 'duplicate', 'shuffle', 'drop'] as const).map((mode) =>
        actionButton(visit, '/_control/panel/chaos', panel.chaos[mode], { mode }),
      )}
    </div>
    <form method="post" action="/_control/panel/chaos" class="field-and-button">
      ${hidden({ back: visit.here })}
      <div class="field grow">
        <label for="delayMs">${panel.delay}</label>
        <input
          id="delayMs"
          name="delayMs"
          type="number"
          min="0"
          max="60000"
          value="${chaos.delayMs}"
        />
      </div>
      <button class="button plain" type="submit">${panel.save}</button>
    </form>
  </section>`;
}

function failNextPart(visit: PanelVisit): Html {
  const { panel } = visit.page.words;
  const { failNext } = readSettings(visit.local.kernel.store).chaos;
  return html`<section class="card stack">
    <h2>${panel.failNextTitle}</h2>
    <p class="muted">${panel.failNextText}</p>
    ${
      failNext.length === 0
        ? ''
        : html`<p><span class="badge warn">${panel.failNextLeft(failNext.length)}</span></p>`
    }
    <form method="post" action="/_control/panel/fail_next" class="field-and-button">
      ${hidden({ back: visit.here })}
      <div class="field grow">
        <label for="count">${panel.failNextCount}</label>
        <input id="count" name="count" type="number" min="0" max="100" value="1" />
      </div>
      <div class="field grow">
        <label for="status">${panel.failNextStatus}</label>
        <select id="status" name="status">
          ${[500, 503, 429, 409, 400].map((status) => html`<option>${status}</option>`)}
        </select>
      </div>
      <button class="button plain" type="submit">${panel.save}</button>
    </form>
  </section>`;
}

function portalPart(visit: PanelVisit): Html {
  const { panel } = visit.page.words;
  return html`<section class="card stack" id="portal">
    <h2>${panel.portalTitle}</h2>
    <p class="muted">${panel.portalText}</p>
    ${renderTable(
      [{ label: panel.object }, { label: panel.actions }],
      newest(visit.local, 'billing_portal.configuration', 20).map(({ id, name, is_default }) => ({
        id,
        cells: [
          html`${name ?? ''} ${code(id)}`,
          is_default
            ? html`<span class="badge good">${panel.portalDefault}</span>`
            : actionButton(
                visit,
                `/_control/panel/portal_configurations/${id}/default`,
                panel.makeDefault,
              ),
        ],
      })),
      panel.none,
    )}
  </section>`;
}

function endpointPart(visit: PanelVisit): Html {
  const { panel } = visit.page.words;
  return html`<section class="card stack">
    <h2>${panel.endpoints}</h2>
    ${renderTable(
      [{ label: panel.endpoint }, { label: panel.status }],
      newest(visit.local, 'webhook_endpoint', 20).map(({ id, url, status }) => ({
        id,
        cells: [
          code(url),
          html`<span class="badge ${status === 'enabled' ? 'good' : ''}"
            >${panel.endpointStates[status] ?? status}</span
          >`,
        ],
      })),
      panel.none,
    )}
  </section>`;
}

function resetPart(visit: PanelVisit): Html {
  const { panel } = visit.page.words;
  return html`<section class="card stack">
    <h2>${panel.resetTitle}</h2>
    <p class="muted">${panel.resetText}</p>
    <form method="post" action="/_control/panel/reset" class="stack">
      ${hidden({ back: visit.here })}
      <label class="check"
        ><input type="checkbox" name="sure" value="yes" required /><span
          >${panel.resetConfirm}</span
        ></label
      >
      <button class="button danger" type="submit">${panel.reset}</button>
    </form>
  </section>`;
}
