// Small behaviours that a page works without: notices that leave, a count of seconds, a text's length, what waits
// behind "3 nouvelles", menus that close. Text goes in by textContent only.
'use strict';
(() => {
  const say = (one, other, n) => (n === 1 ? one : other).replace('{n}', n);

  // ── Notices: data-toast="8000" leaves after that many ms; pointing at it or focusing in it holds it.
  const watchToast = el => {
    let left = +el.dataset.toast, since = Date.now(), timer;
    const go = () => { since = Date.now(); timer = setTimeout(() => el.remove(), left); };
    const hold = () => { clearTimeout(timer); left -= Date.now() - since; };
    el.addEventListener('pointerenter', hold); el.addEventListener('pointerleave', go);
    el.addEventListener('focusin', hold); el.addEventListener('focusout', go);
    go();
  };

  // ── Counting down: data-until is a time in ms since 1970; the element says how many seconds are left.
  const tick = () => {
    for (const el of document.querySelectorAll('[data-until]')) {
      const n = Math.max(0, Math.ceil((+el.dataset.until - Date.now()) / 1000));
      const text = say(el.dataset.one, el.dataset.other, n);
      if (el.textContent !== text) el.textContent = text;
      if (n === 0 && el.dataset.over !== undefined) { delete el.dataset.until; el.closest('[data-gone]')?.remove(); }
    }
  };

  // ── The length of a reply, in user-perceived characters; the server counts again in the network's own unit.
  const graphemes = 'Segmenter' in Intl ? new Intl.Segmenter() : null;
  const length = text => graphemes ? [...graphemes.segment(text)].length : [...text].length;
  // Where links have a weight of their own, a name counts without its server.
  const weight = (text, link) => link ? length(text.replace(/https?:\/\/\S+/gi, 'x'.repeat(link)).replace(/@([\w.-]+)@[\w.-]+/g, '@$1')) : length(text);
  const number = new Intl.NumberFormat(document.documentElement.lang || undefined), farOff = 10000; // what nobody reaches is counted when it is near
  const count = field => {
    const out = document.getElementById(field.dataset.count), max = +out?.dataset.max;
    if (!out || !max) return;
    const n = weight(field.value, +out.dataset.link), near = n >= max * .9;
    out.textContent = near || max <= farOff ? number.format(n) + '\u00a0/\u00a0' + number.format(max) : '';
    out.classList.toggle('count--near', near && n <= max);
    out.classList.toggle('count--over', n > max);
  };
  const grow = field => {
    if (CSS.supports('field-sizing', 'content')) return;
    field.rows = Math.min(10, Math.max(2, field.value.split('\n').length + 1));
  };

  // ── New rows never push what is being read: they wait in #arrivees, and the pill says how many.
  const settle = () => {
    const waiting = document.getElementById('arrivees'), list = document.getElementById('rangs');
    if (!waiting || !list) return;
    for (const row of [...waiting.children]) {
      const known = row.id && [...list.querySelectorAll('[id]')].find(el => el.id === row.id);
      if (known) takePlace(row, known);
    }
    const seen = new Set();
    for (const row of [...waiting.children].reverse()) { if (seen.has(row.id)) row.remove(); seen.add(row.id); }
    if (list.querySelector('.empty')) bring(waiting, list); // nothing is read there, so nothing is pushed away
    const pill = document.getElementById('nouvelles'), n = waiting.children.length;
    if (!pill) return;
    pill.hidden = n === 0;
    const label = pill.querySelector('[data-one]');
    if (n) label.textContent = say(label.dataset.one, label.dataset.other, n);
  };
  // A row that changed keeps its place, and what the reader did with it: open, ticked, focused.
  const takePlace = (row, known) => {
    const link = row.querySelector('[data-row]'), before = known.querySelector('[data-row]');
    if (before?.hasAttribute('aria-current')) link?.setAttribute('aria-current', 'true');
    const box = row.querySelector('[data-pick]');
    if (box) box.checked = known.querySelector('[data-pick]')?.checked ?? false;
    const focused = before && before === document.activeElement;
    known.replaceWith(row);
    if (focused) link?.focus({ preventScroll: true });
  };
  // In a thread an item that comes twice (by our own request and by the stream) stays once, the newer, in its place.
  const once = () => {
    for (const box of document.querySelectorAll('[data-once]')) {
      const first = new Map();
      for (const el of [...box.children]) {
        if (!el.id) continue;
        if (first.has(el.id)) first.get(el.id).replaceWith(el);
        first.set(el.id, el);
      }
    }
  };
  const bring = (waiting, list) => {
    const rows = [...waiting.children].reverse();
    if (rows.length) list.querySelector('.empty')?.remove();
    list.prepend(...rows);
    return rows;
  };
  const show = () => {
    const waiting = document.getElementById('arrivees'), list = document.getElementById('rangs');
    const rows = bring(waiting, list);
    list.scrollIntoView({ block: 'start' });
    list.closest('.pane__body')?.scrollTo({ top: 0 });
    settle();
    rows[0]?.querySelector('[data-row]')?.focus();
  };

  // ── Selection: the bar of group gestures (shown by CSS with the first box) says how many.
  const select = form => {
    const n = [...form.elements].filter(el => el.matches('[data-pick]:checked')).length;
    const label = form.querySelector('[data-one]');
    if (label) label.textContent = n ? say(label.dataset.one, label.dataset.other, n) : label.dataset.none;
  };

  // ── Kept replies: data-insert puts its text where the caret is, as if typed, so that undo works.
  const insert = (field, text) => {
    field.focus();
    field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };

  document.addEventListener('click', e => {
    const el = e.target.closest('[data-show-new], [data-insert], [data-light], [data-dismiss], [data-print], [data-focus]');
    if (!el) return;
    if (el.matches('[data-show-new]')) { e.preventDefault(); show(); }
    if (el.matches('[data-insert]')) {
      const field = document.getElementById(el.dataset.into);
      if (!field) return;
      e.preventDefault();
      el.closest('[popover]')?.hidePopover();
      insert(field, el.dataset.insert);
    }
    if (el.matches('[data-light]')) {
      const root = document.documentElement;
      const dark = root.dataset.theme ? root.dataset.theme === 'soir' : matchMedia('(prefers-color-scheme: dark)').matches;
      root.dataset.theme = dark ? 'matin' : 'soir';
      const field = el.closest('form')?.querySelector('[name=theme]');
      if (field) field.value = root.dataset.theme;
    }
    if (el.matches('[data-dismiss]')) el.closest('[data-toast], [data-gone]')?.remove();
    if (el.matches('[data-focus]')) {
      const field = document.querySelector(`[data-key="${CSS.escape(el.dataset.focus)}"]`);
      if (field) { e.preventDefault(); field.focus(); }
    }
    if (el.matches('[data-print]')) { e.preventDefault(); window.print(); }
  });
  document.addEventListener('input', e => {
    if (e.target.dataset?.count) { count(e.target); grow(e.target); }
    if (e.target.matches?.('[data-pick]')) select(e.target.form);
    if (e.target.matches?.('[data-filter]')) {
      const wanted = fold(e.target.value), box = document.getElementById(e.target.dataset.filter);
      for (const item of box?.querySelectorAll('[data-name]') ?? []) item.hidden = !fold(item.dataset.name).includes(wanted);
    }
  });
  const fold = s => s.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

  // ── What is being typed outlives a page that changes around it, except in the form that was just sent: there the
  // server's text counts, empty once it has it, the same words when it refused them.
  const fields = () => [...document.querySelectorAll('textarea[id], input[id]:not([type=hidden]):not([type=checkbox]):not([type=radio]):not([type=file])')];
  let typed = new Map();
  document.addEventListener('htmx:before:swap', () => {
    typed = new Map(fields().filter(el => el.value !== el.defaultValue).map(el => [el.id, el.value]));
  });
  document.addEventListener('htmx:after:swap', e => {
    const sent = e.detail.ctx?.sourceElement;
    for (const el of fields()) {
      if (sent?.matches?.('form[id]') && el.form?.getAttribute('id') === sent.getAttribute('id')) el.value = el.defaultValue;
      else if (typed.has(el.id)) el.value = typed.get(el.id);
    }
    typed = new Map();
    // What was sent has left the field: the keys are the page's again, Z takes it back.
    const field = document.activeElement;
    if (sent?.matches?.('form[data-send]') && field?.matches('textarea') && field.value === '') {
      field.blur();
      document.getElementById('corps')?.focus({ preventScroll: true });
    }
  });

  // ── What had the focus may leave with a change: settled, put aside, taken by somebody else. Who worked in a menu goes on
  // in it, who worked in what is open goes on there, and who worked in a list at the row that took the place of theirs.
  const rows = () => [...document.querySelectorAll('[data-row]')].filter(el => el.getClientRects().length && !el.closest('#fil'));
  let held = null;
  document.addEventListener('htmx:before:swap', () => {
    const el = document.activeElement, all = rows(), open = el?.closest('#fil') && all.find(row => row.hasAttribute('aria-current'));
    held = el && el !== document.body ? { id: el.id, open: Boolean(el.closest('#fil')), at: all.indexOf(open || el.closest('[data-row]')) } : null;
  });
  document.addEventListener('htmx:after:swap', () => {
    if (!held || document.activeElement !== document.body) return;
    const menu = document.querySelector(':popover-open, dialog[open]'), all = rows();
    const next = menu ? menu.querySelector('input, .menu__item')
      : (held.id && document.getElementById(held.id)) || (held.open && document.querySelector('#fil .pane__body'))
      || (held.at >= 0 && all[Math.min(held.at, all.length - 1)]) || document.getElementById('contenu');
    next?.focus({ preventScroll: !next.matches('[data-row]') });
  });

  // A form that says data-auto sends itself when a choice in it changes; its button stays for those without script.
  document.addEventListener('change', e => e.target.form?.matches?.('form[data-auto]') && e.target.form.requestSubmit());

  // What a person sent and the network did not take is said: it is neither done nor lost.
  document.addEventListener('htmx:error', e => {
    if (!e.detail?.ctx?.sourceElement?.matches?.('form, a')) return;
    const notice = document.getElementById('coupure')?.content.cloneNode(true);
    if (notice) { document.getElementById('avis')?.replaceChildren(notice); wake(); }
  });

  // A gesture made in a menu closes it, with the menus that led to it; and so does a link that is followed.
  const closeMenus = within => {
    if (within?.closest('[popover]')) for (const open of document.querySelectorAll(':popover-open')) open.hidePopover();
  };
  document.addEventListener('submit', e => { if (e.target.method === 'post') closeMenus(e.target); });
  document.addEventListener('click', e => { if (!e.ctrlKey && !e.metaKey && !e.shiftKey) closeMenus(e.target.closest('[popover] a[href]')); });

  // ── A conversation opens at its end, or at what led to it, and follows its end as long as the reader is there.
  let opened = null, shown = null, height = 0;
  const follow = () => {
    const body = document.getElementById('corps'), fil = body?.querySelector('[data-once]')?.id ?? null;
    if (body) {
      const box = body.scrollHeight > body.clientHeight ? body : document.scrollingElement;
      const wasAtEnd = height - box.scrollTop - box.clientHeight < 48;
      if (fil !== opened) shown = null;
      const found = body.querySelector('[data-found]');
      if (found && found.id !== shown) found.scrollIntoView({ block: 'center' });
      else if (fil !== opened || (box.scrollHeight > height && wasAtEnd)) box.scrollTop = box.scrollHeight;
      shown = found?.id ?? shown;
      height = box.scrollHeight;
    }
    opened = fil;
  };

  const wake = (within = document) => {
    for (const el of within.querySelectorAll('[data-toast]:not([data-seen])')) { el.dataset.seen = ''; watchToast(el); }
    for (const el of within.querySelectorAll('textarea[data-count]')) count(el);
    settle();
    once();
    follow();
    tick();
  };
  document.addEventListener('htmx:after:swap', () => wake());
  document.addEventListener('DOMContentLoaded', () => wake());
  if (document.readyState !== 'loading') wake();
  setInterval(tick, 250);

  // ── The stream: <html data-stream> is "open", or "lost" when it has not come back within 3 seconds, so that a page can
  // say that it may be late. A cut is everyday life and hx-sse connects again by itself: it reports a read that breaks
  // only while the signal is not aborted, hence the signal that always says so (abort itself still works).
  const root = document.documentElement;
  let late;
  // Where a stream begins stands beside it, so that the element stays as it is when the page changes around it.
  document.addEventListener('htmx:config:request', e => {
    const { sourceElement, request } = e.detail.ctx;
    const from = sourceElement?.id && document.getElementById(sourceElement.id + '-d')?.dataset.from;
    if (from) request.action += (request.action.includes('?') ? '&' : '?') + 'from=' + from;
  });
  document.addEventListener('htmx:sse:before:connection', e => {
    if (e.detail.connection.attempt > 0) late ??= setTimeout(() => { root.dataset.stream = 'lost'; }, 3000);
  });
  document.addEventListener('htmx:sse:after:connection', e => {
    late = clearTimeout(late);
    root.dataset.stream = 'open';
    const real = e.detail.connection.abortController;
    e.detail.connection.abortController = { abort: () => real.abort(), signal: { aborted: true } };
  });
  document.addEventListener('htmx:sse:close', () => { late = clearTimeout(late); delete root.dataset.stream; });
  // A page that comes back from the browser's memory has missed something.
  addEventListener('pageshow', e => { if (e.persisted) location.reload(); });
  // "event: reload": the server cannot catch this page up, or the session is over. The page asks again as a whole.
  document.addEventListener('reload', () => location.reload());
})();
