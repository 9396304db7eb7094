(() => {
  "use strict";
  /* functions */
  /* page */
  page.inside = operands(page.nodes, page.edges);
  const forward = (x) => {
    const v = new Float64Array(page.nodes);
    /* leaves */
    return again(page, v, v, 0, (value) => value);
  };
  return { nodes: page.nodes, edges: page.edges, forward, backward: (v) => settled(page, v) };
})()
