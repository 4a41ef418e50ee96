// The palette: ⌘K opens it from anywhere, also from within a field. Its results are the server's.
'use strict';
(() => {
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  const box = () => document.getElementById('palette');
  const field = () => document.getElementById('palette-q');
  const items = () => [...document.querySelectorAll('#palette .menu__item')];

  // Who types and presses Enter at once means what they typed, and not what is still shown: it is awaited.
  let chosen = false;
  const stale = () => document.getElementById('pl')?.dataset.for !== field().value.trim();
  document.addEventListener('htmx:after:swap', () => {
    if (!chosen || !box()?.matches(':popover-open') || stale()) return;
    chosen = false;
    items()[0]?.click();
  });
  document.addEventListener('input', e => { if (e.target === field()) chosen = false; });

  // Opened, it begins anew: what one can do depends on the page under it.
  document.addEventListener('beforetoggle', e => { // at once: what is typed next stays
    if (e.target !== box() || e.newState !== 'open') return;
    field().value = '';
    chosen = false;
    field().dispatchEvent(new CustomEvent('ouvert', { bubbles: true }));
  }, true);

  document.addEventListener('keydown', e => {
    const command = mac ? e.metaKey : e.ctrlKey, palette = box();
    if (!palette || e.isComposing) return;
    if (command && !e.shiftKey && !e.altKey && e.key.toLowerCase() === 'k') {
      e.preventDefault();
      palette.togglePopover();
      return;
    }
    if (!palette.contains(e.target)) return;
    const at = e.target.closest('.menu__item') ?? items()[0]; // in the field Enter means the first
    if (e.key === 'Enter' && command) {
      e.preventDefault();
      if (at?.href) window.open(at.href, '_blank', 'noopener');
    } else if (e.key === 'Enter' && e.target === field()) {
      e.preventDefault();
      if (stale()) chosen = true; else at?.click();
    } else if (e.key.length === 1 && e.target !== field() && !e.ctrlKey && !e.metaKey && !e.altKey) {
      field().focus(); // who types on goes on searching
    }
  });

  // A result that presses a key of the page does so once the palette is out of the way.
  document.addEventListener('click', e => {
    const it = e.target.closest('#palette [data-press]');
    if (!it) return;
    box().hidePopover();
    document.dispatchEvent(new CustomEvent('press', { detail: it.dataset.press }));
  });
})();
