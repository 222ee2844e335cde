// The link to the other language moves into the bar and keeps the place on the page; and what mdBook leaves to the mouse can
// be reached otherwise.
(() => {
  'use strict';
  const nav = document.querySelector('.other-language');
  const bar = document.querySelector('.right-buttons');
  if (!nav) return;
  if (bar) bar.prepend(nav);
  const link = nav.querySelector('a');
  const page = link.getAttribute('href');
  const keepPlace = () => { link.setAttribute('href', page + location.hash); };
  addEventListener('hashchange', keepPlace);
  keepPlace();
  // mdBook's toggle is a label that behaves as a button, and is to be told as one.
  const toggle = document.getElementById('mdbook-sidebar-toggle');
  if (toggle) toggle.setAttribute('role', 'button');
  const header = document.getElementById('mdbook-menu-bar');
  if (header) header.setAttribute('role', 'banner');
  // What scrolls sideways can be reached with the keyboard.
  for (const wide of document.querySelectorAll('.table-wrapper, pre > code, pre')) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
  }
})();
