(() => {
  "use strict";
  /* functions */
  const nodes = 0;
  const edges = [];
  const forward = (x) => {
    const v = new Float64Array(nodes);
    /* values */
    return v;
  };
  const backward = (v) => {
    const g = new Float64Array(nodes);
    const s = new Float64Array(edges.length).fill(NaN);
    const h = new Float64Array(edges.length);
    /* gradients */
    const open = [];
    for (let i = 0; i < nodes; i++) {
      g[i] += 0; // a gradient that never arrived is -0
      if (Number.isNaN(g[i])) open.push(i);
    }
    return { gradients: g, slopes: s, shares: h, open };
  };
  return { nodes, edges, forward, backward };
})()
