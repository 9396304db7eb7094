(() => {
  "use strict";
  /* functions */
  const values = [];
  /* values */
  const page = {
    nodes: 0,
    edges: [],
    changing: [],
    vanishing: new Set([]),
    lossy: new Set([]),
    rounding: new Set([]),
    jumping: new Set([]),
    says: new Map([]),
    values,
    sweep(v, w, seed) {
      const g = new Float64Array(page.nodes).fill(-0);
      const s = new Float64Array(page.edges.length).fill(NaN);
      const h = new Float64Array(page.edges.length);
      /* gradients */
      return { g, s, h };
    },
  };
  page.inside = operands(page.nodes, page.edges);
  const forward = (x) => {
    const v = new Float64Array(page.nodes);
    /* leaves */
    return again(page, v, v, 0, (value) => value);
  };
  return { nodes: page.nodes, edges: page.edges, forward, backward: (v) => settled(page, v) };
})()
