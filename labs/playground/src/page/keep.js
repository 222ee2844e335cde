// What outlives a reload. A browser may refuse to keep anything; then nothing is kept, and everything else works.

/** What was kept under a name, in `localStorage` or `sessionStorage`. */
export const recall = (place, name) => {
  try { return window[place].getItem(name); } catch { return null; }
};

/** Keeps something. */
export const keep = (place, name, value) => {
  try { window[place].setItem(name, value); } catch { /* It is not kept, then. */ }
};
