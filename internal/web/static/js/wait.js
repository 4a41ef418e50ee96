// Waiting times count on by themselves: data-since is when the wait began, data-long when it is long, in ms.
'use strict';
(() => {
  const two = n => String(n).padStart(2, '0');
  const tick = () => {
    for (const el of document.querySelectorAll('[data-since]')) {
      const waited = Date.now() - Number(el.dataset.since), minutes = Math.floor(waited / 60000);
      if (minutes < 1) continue; // the server's words say it
      const text = minutes < 60 ? `${minutes}\u00a0min` : `${Math.floor(minutes / 60)}\u00a0h\u00a0${two(minutes % 60)}`;
      const words = el.querySelector('[data-wait]');
      if (words && words.textContent !== text) words.textContent = text;
      el.classList.toggle('wait--long', waited >= Number(el.dataset.long));
    }
  };
  setInterval(tick, 5000);
})();
