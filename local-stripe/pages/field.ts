import { html } from 'hono/html';
import type { Html } from './document.ts';

export interface FieldOptions {
  name: string;
  label: string;
  value?: string;
  error?: string | undefined;
  type?: 'text' | 'email' | 'tel';
  autocomplete?: string;
  numeric?: boolean;
  required?: boolean;
  placeholder?: string;
  maxLength?: number;
}

/** One labelled input; its error is tied to it, so that a screen reader says both. */
export function renderField(options: FieldOptions): Html {
  const { name, error } = options;
  return html`<div class="field">
    <label for="${name}">${options.label}</label>
    <input
      id="${name}"
      name="${name}"
      type="${options.type ?? 'text'}"
      value="${options.value ?? ''}"
      autocomplete="${options.autocomplete ?? 'off'}"
      ${options.numeric ? html`inputmode="numeric"` : ''}
      ${options.required ? html`required` : ''}
      ${options.placeholder ? html`placeholder="${options.placeholder}"` : ''}
      ${options.maxLength ? html`maxlength="${options.maxLength}"` : ''}
      ${error ? html`aria-invalid="true" aria-describedby="${name}-error" autofocus` : ''}
    />
    ${error ? html`<p class="error" id="${name}-error">${error}</p>` : ''}
  </div>`;
}

/** A button that goes busy when its form is sent. */
export function renderSubmit(
  label: string,
  kind = 'full',
  sends?: { name: string; value: string },
): Html {
  return html`<button
    class="button ${kind}"
    type="submit"
    ${sends === undefined ? '' : html`name="${sends.name}" value="${sends.value}"`}
  >
    <span class="spinner" aria-hidden="true"></span><span>${label}</span>
  </button>`;
}
