// First of ours: htmx makes HTML from what our own server sent, through the one Trusted Types policy that the
// Content-Security-Policy allows. Scripts are never made.
'use strict';
(() => {
  const rules = { createHTML: html => html, createScript: () => '' };
  const policy = window.trustedTypes ? trustedTypes.createPolicy('comptoir', rules) : rules;
  htmx.registerExtension('comptoir', { init: api => api.initSecurity(policy) });
})();
