// What the pages add when scripts run; every page works without this file.

// A second click must not pay twice: the button that sent the form goes busy until the next page.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.dataset.sent === 'yes') {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'yes';
  const button = event.submitter;
  if (button === null) return;
  button.setAttribute('aria-busy', 'true');
  // A disabled button would not be part of the form, so it is disabled after the form was read.
  setTimeout(() => (button.disabled = true), 0);
});

// Coming back with the browser's Back button shows the page as it was left: wake it up again.
window.addEventListener('pageshow', () => {
  for (const form of document.forms) delete form.dataset.sent;
  for (const button of document.querySelectorAll('[aria-busy="true"]')) {
    button.removeAttribute('aria-busy');
    button.disabled = false;
  }
});

const numberField = document.querySelector('input[name="number"]');
const expiryField = document.querySelector('input[name="expiry"]');

numberField?.addEventListener('input', () => {
  const digits = numberField.value.replace(/\D/g, '').slice(0, 19);
  if (numberField.selectionStart !== numberField.value.length) return;
  numberField.value = digits.replace(/(\d{4})(?=\d)/g, '$1 ');
});

expiryField?.addEventListener('input', (event) => {
  if (event.inputType === 'deleteContentBackward') return;
  const digits = expiryField.value.replace(/\D/g, '').slice(0, 4);
  expiryField.value = digits.length < 3 ? digits : `${digits.slice(0, 2)} / ${digits.slice(2)}`;
});

// A test card from the list fills the form in place, so that what was typed before stays.
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-card]');
  if (link === null || numberField === null) return;
  event.preventDefault();
  const { card, expiry, cvc } = link.dataset;
  numberField.value = card.replace(/(\d{4})(?=\d)/g, '$1 ');
  expiryField.value = expiry;
  document.querySelector('input[name="cvc"]').value = cvc;
  numberField.focus();
});

document.querySelector('[data-print]')?.addEventListener('click', () => window.print());
