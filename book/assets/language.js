// The link to the other language moves into the bar and keeps the place on the page; what mdBook leaves to the mouse can be
// reached otherwise; and tables fit on a phone.
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
  // mdBook's toggle is a label that behaves as a button for a mouse: it is to be told as one, and reached and pressed as one.
  const toggle = document.getElementById('mdbook-sidebar-toggle');
  if (toggle) {
    toggle.setAttribute('role', 'button');
    toggle.tabIndex = 0;
    toggle.addEventListener('keydown', event => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      toggle.click();
    });
  }
  const header = document.getElementById('mdbook-menu-bar');
  if (header) header.setAttribute('role', 'banner');
  // Tables of words in three columns and more, which a phone has no room for: there, each cell says its column. The roles
  // stay what they were when the style sheet lays the cells out otherwise.
  for (const table of document.querySelectorAll('.content table')) {
    const columns = [...table.querySelectorAll('thead th')].map(cell => cell.textContent);
    if (columns.length < 3 || table.querySelector('td[style*="right"]')) continue;
    table.classList.add('stacks');
    table.setAttribute('role', 'table');
    for (const row of table.rows) {
      row.setAttribute('role', 'row');
      [...row.cells].forEach((cell, column) => {
        cell.setAttribute('role', cell.tagName === 'TH' ? 'columnheader' : 'cell');
        cell.dataset.column = columns[column];
      });
    }
  }
  // What scrolls sideways can be reached with the keyboard.
  for (const wide of document.querySelectorAll('.table-wrapper, pre > code, pre')) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
  }
})();
