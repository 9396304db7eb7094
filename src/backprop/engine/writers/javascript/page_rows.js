/*
 * Large graphs: not a line a step, but a row of numbers, so that a page stays small. See `settled.js` for
 * the parts of a page.
 */

const KINDS = ["vanishing", "rounding", "kept", "jumping", "signed", "tied", "wrapping"];

/**
 * The parts of a page. kinds: of operations: value, a function of the operands; slopes, functions of these
 * and the value, or numbers; changing, for each slope the places of what it is made of; and what the page
 * has of steps and edges. rows: of every step its kind and its operands, [] of others. fixed: the nodes
 * that are numbers of the equations.
 */
function pageOfRows(kinds, rows, fixed) {
  const [page, still] = [{ nodes: rows.length, edges: [], changing: [], values: [], ops: [], linear: {}, wides: {} }, new Set(fixed)];
  for (const name of ["lossy", ...KINDS]) page[name] = new Set();
  page.says = new Map();
  const first = [];
  rows.forEach(([at, ...operands], i) => {
    first.push(page.edges.length);
    if (at === undefined) return;
    const kind = kinds[at];
    page.ops[i] = kind.name;
    if (kind.linear) page.linear[kind.name] = kind.linear;
    if (kind.wide) page.wides[kind.name] = kind.wide;
    for (const name of KINDS) if (kind[name]) page[name].add(i);
    if (kind.says) page.says.set(i, kind.says);
    operands.forEach((operand, place) => {
      if (kind.lossy[place]) page.lossy.add(page.edges.length);
      const names = kind.changing[place].map((each) => (each < operands.length ? operands[each] : i));
      page.changing.push(names);
      page.edges.push([operand, i, place]);
    });
    const [[a, b, c], value] = [operands, kind.value];
    if (kind.chooses) page.values[i] = (v, w) => value(w[a], v[b], v[c]);
    else if (operands.length === 1) page.values[i] = (v) => value(v[a]);
    else if (operands.length === 2) page.values[i] = (v) => value(v[a], v[b]);
    else page.values[i] = (v) => value(v[a], v[b], v[c]);
  });
  page.sweep = (v, w, seed) => sweepRows(page, kinds, rows, { still, first }, v, w, seed);
  return page;
}

/** Gradients, slopes and shares: the chain rule along the rows. A gradient of -0 has not arrived. */
function sweepRows(page, kinds, rows, { still, first }, v, w, seed) {
  const g = new Float64Array(page.nodes).fill(-0);
  const s = new Float64Array(page.edges.length).fill(NaN);
  const h = new Float64Array(page.edges.length);
  g[page.nodes - 1] = seed;
  for (let i = page.nodes - 1; i >= 0; i--) {
    const row = rows[i];
    if (!row.length) continue;
    const { chooses, slopes } = kinds[row[0]];
    const numbers = row.slice(1).map((each) => v[each]);
    if (chooses) numbers[0] = w[row[1]];
    numbers.push(v[i]);
    for (let place = 0; place < slopes.length; place++) {
      const [e, slope, operand] = [first[i] + place, slopes[place], row[place + 1]];
      if (typeof slope === "number") s[e] = slope;
      else if (!still.has(operand)) s[e] = slope(...numbers);
      if (still.has(operand) || slope === 0 || Object.is(g[i], -0) || (chooses && s[e] === 0)) continue;
      h[e] = g[i] * s[e] + 0;
      g[operand] += h[e];
    }
  }
  return { g, s, h };
}
