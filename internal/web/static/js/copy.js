// A value or a list that is shown once can be copied with one press; without script it is chosen by hand.
'use strict';
(() => {
  const wake = () => {
    if (!navigator.clipboard) return;
    for (const b of document.querySelectorAll('[data-copy][hidden]')) b.hidden = false;
  };
  document.addEventListener('click', e => {
    const b = e.target.closest('[data-copy]');
    if (b) {
      const field = document.getElementById(b.dataset.copy);
      navigator.clipboard.writeText(field.value ?? field.innerText).then(() => { b.querySelector('span').textContent = b.dataset.copied; }, () => field.select?.());
    }
    if (e.target.matches?.('[data-whole]')) e.target.select();
  });
  document.addEventListener('DOMContentLoaded', wake);
  document.addEventListener('htmx:after:swap', wake);
  if (document.readyState !== 'loading') wake();
})();
