// A form whose answer takes a while says what is under way; without script the browser waits the same.
'use strict';
(() => {
  document.addEventListener('submit', event => {
    const form = event.target, progress = document.getElementById(form.dataset.trial || '');
    if (!progress || event.submitter?.name === 'fill') return;
    for (const part of document.querySelectorAll('[data-trial-hides]')) part.hidden = true;
    progress.hidden = false;
  });
  // Back from the answer, the browser may show this page as it was left.
  addEventListener('pageshow', event => {
    if (!event.persisted) return;
    for (const part of document.querySelectorAll('[data-trial-hides]')) part.hidden = false;
    for (const form of document.querySelectorAll('form[data-trial]')) document.getElementById(form.dataset.trial).hidden = true;
  });
})();
