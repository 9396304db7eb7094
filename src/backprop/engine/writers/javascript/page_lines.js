// A line a step, for `page_numbers.js`; see `settled.js` for the parts of a page.
const values = [];
/* values */
const page = {
  nodes: 0,
  edges: [],
  changing: [],
  vanishing: new Set([]),
  lossy: new Set([]),
  rounding: new Set([]),
  kept: new Set([]),
  jumping: new Set([]),
  signed: new Set([]),
  tied: new Set([]),
  wrapping: new Set([]),
  says: new Map([]),
  values,
  ops: [],
  linear: {},
  wides: {},
  sweep(v, w, seed) {
    const g = new Float64Array(page.nodes).fill(-0);
    const s = new Float64Array(page.edges.length).fill(NaN);
    const h = new Float64Array(page.edges.length);
    /* gradients */
    return { g, s, h };
  },
};
