// First steps: the time zone is proposed from the browser. It stays a choice like any other.
'use strict';
(() => {
  const propose = () => {
    for (const field of document.querySelectorAll('select[data-zone]')) {
      delete field.dataset.zone;
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      if (!zone || !zone.includes('/')) continue;
      if (![...field.options].some(o => o.value === zone)) field.add(new Option(zone.split('/').pop().replaceAll('_', ' '), zone));
      field.value = zone;
    }
  };
  document.addEventListener('DOMContentLoaded', propose);
  document.addEventListener('htmx:after:swap', propose);
  if (document.readyState !== 'loading') propose();
})();
