// Passkeys. A page carries what its browser is to ask the device; what the device answers is sent as an ordinary form.
'use strict';
(() => {
  const can = !!(window.PublicKeyCredential?.parseRequestOptionsFromJSON && PublicKeyCredential.parseCreationOptionsFromJSON);
  const opened = Date.now();
  let asking; // the question that is open: a second one would be refused
  let sent; // the answer is on its way: a device that is asked again would put another key in the place of this one

  const show = (selector, on) => { for (const el of document.querySelectorAll(selector)) el.hidden = !on; };
  const say = what => { for (const state of ['waiting', 'failed', 'known']) show(`[data-passkey-${state}]`, state === what); };

  const send = async (form, ask) => {
    if (sent) return;
    asking?.abort();
    asking = new AbortController();
    say('waiting');
    try {
      form.elements.response.value = JSON.stringify(await ask(asking.signal));
      sent = true;
      form.submit();
    } catch (e) {
      if (e.name !== 'AbortError') say(e.name === 'InvalidStateError' ? 'known' : 'failed'); // known: the device has one already
    }
  };
  const get = form => send(form, signal => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(form.dataset.passkey)), signal }));
  // Two tabs would make two keys, of which the device keeps the second and we the first. So one tab asks at a time, until
  // its answer has been taken (the lock ends with the page), and the next asks first whether there is still a key to make.
  const alone = ask => new Promise((done, failed) => navigator.locks.request('passkey', () => ask().then(key => { done(key); return new Promise(() => {}); })).catch(failed));
  const make = form => send(form, signal => alone(async () => {
    const page = await fetch(form.action);
    if (!page.ok) { location.assign(form.action); throw new DOMException('it was used', 'AbortError'); }
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.passkeyMake)), signal });
  }));

  document.addEventListener('submit', e => {
    if (!e.target.matches('form[data-passkey-make]')) return;
    e.preventDefault();
    if (can) make(e.target); else say('failed');
  });
  // Asked again by a hand: some browsers want one. An old question is put anew by the server.
  document.addEventListener('click', e => {
    const form = e.target.closest('[data-passkey-again]') && document.querySelector('form[data-passkey]');
    if (!form || !can || Date.now() - opened > 5 * 60000) return;
    e.preventDefault();
    get(form);
  });

  const wake = () => {
    if (!can) return;
    show('[data-passkey-way]', true);
    for (const choice of document.querySelectorAll('fieldset[data-passkey-way]')) choice.disabled = false; // sent only where it shows
  };
  document.addEventListener('htmx:after:swap', wake);
  document.addEventListener('DOMContentLoaded', () => {
    wake();
    const form = document.querySelector('form[data-passkey]');
    if (form) can ? get(form) : say('failed');
  });
})();
