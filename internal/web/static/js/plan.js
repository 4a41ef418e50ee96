// The plan is arranged by dragging a table, by the arrow keys, or by the four arrows under it. A table goes from one spot
// of the grid to the next; the form holds where each stands. Without script each table leads to its own two numbers.
'use strict';
(() => {
  const grid = 24, ways = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };
  const within = n => Math.min(grid, Math.max(0, n));
  let held = null, moved = false;

  const spot = target => target instanceof Element ? target.closest('[data-plan] [data-spot]') : null;

  const choose = table => {
    for (const other of table.closest('[data-plan]').querySelectorAll('[aria-current]')) other.removeAttribute('aria-current');
    table.setAttribute('aria-current', 'true');
  };

  const put = (table, x, y) => {
    x = within(x); y = within(y);
    if (x === +table.dataset.x && y === +table.dataset.y) return;
    table.classList.remove('x-' + table.dataset.x, 'y-' + table.dataset.y);
    table.classList.add('x-' + x, 'y-' + y);
    table.dataset.x = x; table.dataset.y = y;
    document.getElementById('s-' + table.dataset.spot).value = [table.dataset.spot, x, y].join(' ');
    const text = table.closest('[data-plan]').dataset.say.replace('{table}', table.textContent).replace('{x}', x).replace('{y}', y);
    table.setAttribute('aria-label', text);
    document.querySelector('[data-plan-say]').textContent = text;
  };
  const step = (table, way) => { choose(table); put(table, +table.dataset.x + ways[way][0], +table.dataset.y + ways[way][1]); };

  document.addEventListener('pointerdown', e => {
    const table = e.button === 0 && spot(e.target);
    if (!table) return;
    held = table; moved = false;
    table.setPointerCapture(e.pointerId);
    choose(table);
  });
  document.addEventListener('pointermove', e => {
    if (!held) return;
    const box = held.closest('[data-plan]').getBoundingClientRect();
    const x = Math.round((e.clientX - box.left) / box.width * grid), y = Math.round((e.clientY - box.top) / box.height * grid);
    if (within(x) === +held.dataset.x && within(y) === +held.dataset.y) return;
    moved = true;
    held.dataset.held = '';
    put(held, x, y);
  });
  const drop = () => { if (held) delete held.dataset.held; held = null; };
  document.addEventListener('pointerup', drop);
  document.addEventListener('pointercancel', drop);
  // A table that was moved is not followed to its page.
  document.addEventListener('click', e => {
    if (spot(e.target) && moved) { e.preventDefault(); e.stopPropagation(); moved = false; return; }
    const way = e.target instanceof Element && e.target.closest('[data-plan-pad] [data-way]');
    const table = way && way.form.querySelector('[data-spot][aria-current]');
    if (table) step(table, way.dataset.way);
  }, true);
  document.addEventListener('keydown', e => {
    const table = spot(e.target), way = e.key.startsWith('Arrow') && e.key.slice(5).toLowerCase();
    if (!table || !ways[way] || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    step(table, way);
  });

  const wake = () => {
    for (const pad of document.querySelectorAll('[data-plan-pad]')) {
      pad.hidden = false;
      const plan = pad.closest('form').querySelector('[data-plan]'), first = plan.querySelector('[data-spot]');
      if (first && !plan.querySelector('[aria-current]')) choose(first);
    }
  };
  document.addEventListener('DOMContentLoaded', wake);
  document.addEventListener('htmx:after:swap', wake);
  if (document.readyState !== 'loading') wake();
})();
