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
  const plain = (v) => {
    const all = page.sweep(v, v, 1);
    const [small] = tooSmall(page, v, all, 1);
    for (const node of small) all.g[node] = NaN;
    return withoutValue(page, v).length ? all.g.fill(NaN) : all.g;
  };
  return { plain, nodes: page.nodes, edges: page.edges, forward, backward: (v) => settled(page, v) };
})()
