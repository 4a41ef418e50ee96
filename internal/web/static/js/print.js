// A form that says data-printing prints the page before it is sent: the server then notes that cards are out.
'use strict';
document.addEventListener('submit', e => { if (e.target.matches('form[data-printing]')) window.print(); }, true);
// A button that prints shows where a script can hear it.
document.addEventListener('DOMContentLoaded', () => { for (const b of document.querySelectorAll('[data-print][hidden]')) b.hidden = false; });
