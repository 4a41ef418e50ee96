// The keyboard. A page says what a key does by data-key on a link, a button or a field; nothing is listed here.
// Single letters act only outside fields, and not at all under <html data-keys="off"> (WCAG 2.1.4).
'use strict';
(() => {
  const root = document.documentElement;
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  const inField = el => el instanceof Element && (el.isContentEditable || el.matches('input:not([type=checkbox]):not([type=radio]), textarea, select'));
  const visible = el => el.getClientRects().length > 0 && !el.closest('[inert]');

  // What is on the page first; else what waits in a closed menu, which can be pressed there.
  const find = key => {
    const wanted = `[data-key="${CSS.escape(key)}"]`, row = document.activeElement?.closest('[data-row]');
    const all = [...(row?.querySelectorAll(wanted) ?? []), ...document.querySelectorAll(wanted)]; // the row with focus first
    return all.find(visible) ?? all.find(el => el.closest('[popover]'));
  };

  const act = el => {
    if (el.matches('textarea')) { el.focus(); el.setSelectionRange(el.value.length, el.value.length); return; } // what is typed stays
    if (el.matches('input, select')) { el.focus(); el.select?.(); return; }
    el.click();
    if (el.matches('details[open] > summary')) el.parentElement.querySelector('input, textarea')?.focus(); // what opened is to be filled in
  };

  // J and K walk along the rows of the list on the page; the row that has focus, or the open one, is where they start.
  const step = by => {
    const rows = [...document.querySelectorAll('[data-row]')].filter(visible);
    if (!rows.length) return false;
    let at = rows.indexOf(document.activeElement?.closest('[data-row]'));
    if (at < 0) { at = rows.findIndex(r => r.hasAttribute('aria-current')); if (at < 0 && by < 0) at = 1; }
    const row = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    row.focus();
    row.scrollIntoView({ block: 'nearest' });
    return true;
  };

  const closeOne = () => {
    const field = document.activeElement;
    if (inField(field)) { field.blur(); return true; }
    const back = [...document.querySelectorAll('[data-key=Escape]')].find(visible);
    if (back) { back.click(); return true; }
    const row = document.querySelector('[data-row][aria-current]');
    row?.focus();
    return Boolean(row);
  };

  document.addEventListener('keydown', e => {
    if (e.defaultPrevented || e.isComposing) return;
    const command = mac ? e.metaKey : e.ctrlKey;
    if (command && e.key === 'Enter') {
      const form = e.target.closest?.('form[data-send]');
      if (form) { e.preventDefault(); form.requestSubmit(form.querySelector('[data-default]') || undefined); }
      return;
    }
    if (command && e.shiftKey && e.key.toLowerCase() === 'l') {
      const light = find('light');
      if (light) { e.preventDefault(); light.click(); }
      return;
    }
    // Option with Enter takes a kept answer in the other language, or in the only one that it has.
    if (e.altKey && e.key === 'Enter' && !command) {
      const menu = e.target.closest?.('[popover]:popover-open');
      const row = e.target.closest?.('.kept__row') ?? [...menu?.querySelectorAll('.kept__row') ?? []].find(r => visible(r.firstElementChild));
      const text = row?.querySelector('[data-other]') ?? row?.firstElementChild;
      if (text) { e.preventDefault(); text.click(); }
      return;
    }
    if (e.metaKey || e.ctrlKey || e.altKey) return;
    const open = document.querySelector('dialog[open], [popover]:popover-open');
    if (e.key === 'Escape') { if (!open && closeOne()) e.preventDefault(); return; }
    if (open && (e.key === 'ArrowDown' || e.key === 'ArrowUp') && !(document.activeElement?.matches('select, textarea'))) {
      const items = [...open.querySelectorAll('.menu__item')].filter(visible);
      const at = items.indexOf(document.activeElement);
      const next = items[(at + (e.key === 'ArrowDown' ? 1 : items.length - 1 + (at < 0 ? 1 : 0))) % items.length];
      if (next) { e.preventDefault(); next.focus(); }
      return;
    }
    // Enter in a field that narrows a list chooses the first of what is left; with nothing left, its form is sent if it
    // has one.
    if (e.key === 'Enter' && e.target.matches?.('[data-filter]')) {
      const first = [...document.querySelectorAll(`#${CSS.escape(e.target.dataset.filter)} [data-name]`)].find(visible);
      if (first || !e.target.form) e.preventDefault();
      if (e.target.value || !e.target.form) first?.click();
      return;
    }
    if (root.dataset.keys === 'off' || inField(e.target) || open) return;
    const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
    if (key === 'j' || key === 'k') { if (step(key === 'j' ? 1 : -1)) e.preventDefault(); return; }
    // Enter presses what has focus by itself; a row that is no link is asked what Enter does in it.
    const target = key !== 'Enter' ? find(key) : e.target.matches('[data-row]:not(a, button)') && e.target.querySelector('[data-key=Enter]');
    if (target) { e.preventDefault(); act(target); }
  });

  // The palette presses keys, too.
  document.addEventListener('press', e => { const el = find(e.detail); if (el) act(el); });

  if (!mac) root.dataset.pc = '';
})();
