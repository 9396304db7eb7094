/*
 * What the straight lines of a page cannot know: where 0 meets infinity, where something is too small
 * for a double, and where rounding leaves too few digits. `page` is what the lines are part of:
 *
 *     nodes       how many there are; the last one is the output
 *     edges       [operand, step, place], in the order of the steps
 *     inside      of every node its operands
 *     changing    of every edge the nodes whose values change its slope, but for choices
 *     vanishing   the steps whose value may be too small for a double
 *     lossy       the edges whose slope may be, where no number in it is
 *     rounding    the steps that round even whole numbers
 *     kept        the steps that round nothing: they give an operand back
 *     jumping     the steps without slopes
 *     signed      the steps that change where their first operand is 0
 *     tied        the steps that change where their first operand is another one
 *     wrapping    the steps that jump at multiples of their second operand
 *     says        of some steps which operands have a say, if the first one is true, and if it is not
 *     ops         of every step what its operation is called
 *     linear      of some operations value, slope and, where that is 0, bend at 0, where they are smooth
 *     wides       of some operations value and slopes of numbers of a wide range: see `wide.js`
 *     values      of every step a function of v, all values, and w, those that choose branches
 *     sweep       v, w, the gradient to begin with → the gradients g, the slopes s, the shares h
 */

const TINY = 2.2250738585072014e-308; // the smallest normal double
const LOST = 64 * 5e-324; // what a smaller one may be off by
const SCALES = [2 ** 512, 2 ** 1000, 2 ** -512, 2 ** -1000]; // of gradients too small or too large on the way
const UNSEEN = 1e-300;

/** Compute the steps from number `from` on in v; branches as w has them. */
function again(page, v, w, from, changed) {
  for (let i = from; i < page.nodes; i++) {
    if (page.values[i]) v[i] = changed(page.values[i](v, w), i);
  }
  return v;
}

/** Of every node what it is made of. */
function operands(nodes, edges) {
  const found = Array.from({ length: nodes }, () => []);
  for (const [tail, head] of edges) found[head].push(tail);
  return found;
}

function isTiny(x) {
  return x > -TINY && x < TINY;
}

/** Whether a value has lost digits because it is too small, or all of them. */
function hasLost(value, inside, v) {
  return isTiny(value) && (value !== 0 || inside.every((each) => v[each] !== 0));
}

/** Of every node whether it has a say in the output: of a choice, as w has them, only the branch taken has one. */
function speaking(page, w) {
  const { edges, inside, nodes, says } = page;
  const found = new Uint8Array(nodes);
  found[nodes - 1] = 1;
  for (let e = edges.length - 1; e >= 0; e--) {
    const [tail, head, place] = edges[e];
    const spoken = says.get(head);
    if (found[head] && (!spoken || spoken[w[inside[head][0]] !== 0 ? 0 : 1].includes(place))) found[tail] = 1;
  }
  return found;
}

/** The nodes that have no finite value and a say in the output. */
function withoutValue(page, v, w = v) {
  const found = speaking(page, w);
  return [...v.keys()].filter((i) => found[i] && !Number.isFinite(v[i]));
}

/** What a page has where the nodes are worth v: gradients, slopes, shares, open and unfit. */
function settled(page, v) {
  const open = new Set();
  const unfit = withoutValue(page, v);
  const [found, scale] = scaled(page, v);
  const [g, s, h] = [found.g.map((each) => each / scale), found.s, found.h.map((each) => each / scale)];
  if (unfit.length) {
    g.fill(NaN);
    h.fill(NaN);
  } else {
    const [changed, lost, jumped] = tooSmall(page, v, found, scale);
    for (const node of changed) open.add(node);
    const [moved, infinite, turned] = rounded(page, v, found, scale);
    for (const i of jumped) turned.add(i);
    const besides = new Set(behind(page, v, g, lost, turned));
    const asked = new Set(changed);
    g.forEach((each, node) => Number.isFinite(each) || asked.add(node));
    const known = new Map();
    if (asked.size) {
      const other = inWideRange(page, v);
      for (const node of asked) if (other.g[node] !== undefined && !besides.has(node)) known.set(node, other.g[node]);
      page.edges.forEach(([tail], e) => {
        if (known.has(tail)) [s[e], h[e]] = [other.s[e], other.h[e]];
      });
    }
    for (const [node, by] of moved) {
      const most = Math.max(by, Math.abs(g[node]));
      const seen = Math.max(most, (most * Math.abs(v[node])) / Math.max(1, Math.abs(v[page.nodes - 1])));
      if (!(seen <= 64e-9)) open.add(node); // at a minimum there is nothing left but rounding
    }
    for (const node of besides) open.add(node);
    for (const [node, number] of known) {
      open.delete(node);
      g[node] = number;
    }
    undecided(page, v, g, s, h, open, { moved, infinite, lost, known, scale });
  }
  for (const node of open) g[node] = NaN;
  const zeros = (numbers) => numbers.map((each) => each + 0); // no -0
  return { gradients: zeros(g), slopes: s, shares: zeros(h), open: [...open].sort((one, other) => one - other), unfit };
}

/** The sweep in which the fewest gradients are too large or too small, and the gradient that it begins with. */
function scaled(page, v) {
  const wrong = (all) => {
    const large = all.g.filter((each) => !Number.isFinite(each)).length;
    return [large, page.edges.filter((edge, e) => vanishes(edge, e, all)).length];
  };
  let best = [page.sweep(v, v, 1), 1];
  let [large, small] = wrong(best[0]);
  for (const scale of large || small ? SCALES : []) {
    const found = page.sweep(v, v, scale);
    const [more, less] = wrong(found);
    if (more < large || (more === large && less < small)) [best, large, small] = [[found, scale], more, less];
  }
  return best;
}

/** Whether the share of an edge is too small. */
function vanishes([, head], e, { g, s, h }) {
  return isTiny(h[e]) && g[head] !== 0 && Math.abs(s[e]) > 0;
}

/** Whether two numbers are the same, where the first may be off by more, and what is below `unseen` is 0. */
function isSame(one, other, more, unseen) {
  const [apart, size] = [more + Math.abs(one - other), Math.max(Math.abs(one), Math.abs(other))];
  return Number.isFinite(size) && (apart <= 1e-13 * size || (apart < unseen && size < unseen));
}

/** The nodes by which the derivative changes with what is too small, and of every node whether something was
 * lost on the way. And the steps that jump with it. */
function tooSmall(page, v, all, scale) {
  const { edges, inside, lossy, nodes } = page;
  const filled = page.sweep(v.map((each) => each || 1), v, 1).s; // a slope that is 0 here, too, is not 0 by a factor
  const logs = new Float64Array(nodes).fill(-Infinity); // of how far the gradients may be off
  const add = (node, more) => {
    if (more > -Infinity) logs[node] = Math.max(logs[node], more) + 1;
  };
  for (let e = edges.length - 1; e >= 0; e--) {
    const [tail, head] = edges[e];
    if (all.s[e] !== 0) add(tail, logs[head] + Math.log2(Math.abs(all.s[e])));
    if (vanishes(edges[e], e, all)) add(tail, Math.log2(LOST));
    const isLost = isTiny(filled[e]) || hasLost(all.s[e], [...inside[head], head], v);
    if (isTiny(all.s[e]) && lossy.has(e) && all.g[head] !== 0 && isLost) {
      add(tail, Math.log2(Math.abs(all.g[head])) + Math.log2(LOST));
    }
  }
  const off = logs.map((each) => 2 ** each);
  const { others, turned, jumped } = withLost(page, v, all, scale);
  const found = [];
  for (let i = 0; i < nodes; i++) {
    const [one, isOther] = [all.g[i], (other) => !isSame(all.g[i], other[i], off[i], UNSEEN * scale)];
    if (others.every((other) => Object.is(one, other[i])) && logs[i] === -Infinity && !turned[i]) continue;
    if (turned[i] || others.some(isOther)) found.push(i);
  }
  return [found, logs.map((each) => each > -Infinity), jumped];
}

/** Where values are too small: others, the gradients where they are a little more or less; turned, the nodes whose
 * slopes are made of values that are others then; jumped, the steps that jump. */
function withLost(page, v, { g, s }, scale) {
  const { changing, edges, inside, jumping, nodes, vanishing } = page;
  const turned = new Uint8Array(nodes);
  const isLost = (value, i, u) => vanishing.has(i) && hasLost(value, inside[i], u);
  if (!v.some((value, i) => isLost(value, i, v))) return { others: [g], turned, jumped: [] };
  const more = (value, i) => value + LOST * (1 + (i % 61) / 61);
  const less = (value, i) => value - LOST * (1 + (i % 61) / 61);
  const points = [more, less].map((moved) => {
    const u = Float64Array.from(v);
    return again(page, u, v, 0, (value, i) => (jumping.has(i) ? v[i] : isLost(value, i, u) ? moved(value, i) : value));
  });
  const isMoved = (u, i) => !(Math.abs(u[i] - v[i]) <= Math.max(0.5 * Math.abs(v[i]), UNSEEN));
  const far = v.map((_, i) => points.some((u) => isMoved(u, i)));
  const hidden = new Uint8Array(nodes); // what may have the same value then, as atan(1e100) and atan(1e200), and be another
  edges.forEach(([tail, head], e) => {
    if (hidden[tail] || (far[tail] && changing[e].length)) hidden[head] = 1;
  });
  const isOther = (i) => hidden[i] || points.some((u) => !isSame(v[i], u[i], 0, UNSEEN));
  const crossed = turning(page, v, around(page, v, isLost, more));
  for (let e = edges.length - 1; e >= 0; e--) {
    const [tail, head] = edges[e];
    if (s[e] === 0 && !changing[e].length && !hasSides(page, head)) continue;
    const isTurned = crossed.includes(head) || (hasSides(page, head) && inside[head].some(isOther));
    if (turned[head] || isTurned || changing[e].some(isOther)) turned[tail] = 1;
  }
  const jumped = crossed.filter((i) => jumping.has(i) || page.wrapping.has(i));
  return { others: points.map((u) => page.sweep(u, v, scale).g), turned, jumped };
}

/** Factors near 1 in no order, as `evaluation/shaken.py` has them. */
function factorOf(at) {
  const part = (((at % 97) + 1) ** 3 * 0.6180339887498949) % 1 - 0.5;
  return 1 + 2 ** -46 * (part + (part < 0 ? -0.5 : 0.5));
}

/** Whether a number has few digits before and behind the point: sums and products of such are exact. */
function isShort(x) {
  return Number.isSafeInteger(x * 2 ** 20);
}

/** Whether a step that is worth this rounds nothing, given the values u of what it is made of, and which of those
 * are exact. */
function isExact({ inside, kept, ops, rounding, vanishing }, i, value, u, exact) {
  const [x, y] = inside[i].map((each) => u[each]);
  const isOf = (kind) => kind(value) && inside[i].every((each) => kind(u[each]));
  if (kept.has(i)) return true;
  if (ops[i] === "+" || ops[i] === "-") return sumOf(x, ops[i] === "+" ? y : -y)[1] === 0;
  if ((ops[i] === "*" || ops[i] === "/") && Math.abs(y) === 1) return true;
  if (vanishing.has(i) && hasLost(value, inside[i], u)) return false;
  if (ops[i] === "sqrt") return isShort(value) && value * value === x;
  if (rounding.has(i)) return isShort(value) && inside[i].every((each) => u[each] === 0 && exact[each]); // as cos(0)
  return isOf(Number.isSafeInteger) || isOf(isShort);
}

/** The values where every step from number `from` on is changed by 64 times its rounding; what jumps stays. */
function shaken(page, v, w, from, offset) {
  const { inside, jumping, nodes } = page;
  const [u, exact] = [Float64Array.from(v), new Uint8Array(nodes).fill(1)];
  return again(page, u, w, from, (value, i) => {
    if (jumping.has(i)) return v[i];
    const isSure = isExact(page, i, value, u, exact);
    exact[i] = isSure && inside[i].every((each) => exact[each]);
    return isSure ? value : value * factorOf(i + offset);
  });
}

/** Whether a share is exact: the gradient has few digits, and the slope is the same everywhere, as those of a sum. */
function isShareExact(page, e, gradient, slope) {
  return page.changing[e].length === 0 && isShort(gradient) && isShort(gradient * slope);
}

/** The nodes by which the derivative moves a lot if every step and every slope is changed by 64 times its
 * rounding, each with how far: Vignes' method, as in `evaluation/shaken.py`. And the edges whose slope
 * stays infinite. */
function rounded(page, v, { g, s: known }, scale) {
  const { edges, nodes } = page;
  const [found, turned] = [new Map(), new Set()];
  const infinite = Uint8Array.from(known, (each) => Math.abs(each) === Infinity);
  for (const offset of [0, 31, 62]) {
    const factor = (at) => factorOf(at + offset);
    const u = shaken(page, v, v, 0, offset);
    for (const i of turning(page, v, u)) turned.add(i);
    const isBroken = u.some((each, i) => Number.isFinite(v[i]) && !Number.isFinite(each));
    const gone = new Uint8Array(nodes); // what is 0 only because it is too small
    const far = new Uint8Array(nodes); // whose slopes are made of values that move a lot themselves
    const isUnsure = (i) => !(Math.abs(u[i] - v[i]) <= Math.max(1e-7 * Math.abs(v[i]), 64e-9)) && Number.isFinite(v[i]);
    for (let e = edges.length - 1; e >= 0; e--) {
      const [tail, head] = edges[e];
      if ((far[head] && known[e] !== 0) || page.changing[e].some(isUnsure)) far[tail] = 1;
    }
    const { s } = page.sweep(u, v, 1);
    edges.forEach(([tail, head], e) => {
      if (page.vanishing.has(tail) && hasLost(u[tail], page.inside[tail], u)) gone[tail] = 1;
      if (gone[tail] && u[head] === 0) gone[head] = 1;
      if (gone[tail] || Math.abs(s[e]) !== Infinity) infinite[e] = 0;
    });
    const other = new Float64Array(nodes);
    other[nodes - 1] = scale;
    for (let e = edges.length - 1; e >= 0; e--) {
      const [tail, head] = edges[e];
      if (other[head] === 0 || s[e] === 0) continue;
      other[tail] += other[head] * s[e] * (isShareExact(page, e, other[head] / scale, s[e]) ? 1 : factor(e));
    }
    let moved = false;
    for (let i = 0; i < nodes; i++) {
      if (!Number.isFinite(g[i]) || Object.is(g[i], -0)) continue;
      const [apart, size] = [Math.abs(other[i] - g[i]) / scale, Math.abs(g[i]) / scale];
      const isHidden = isBroken && far[i] === 1;
      if (isHidden || !(apart <= 1e-10 * size)) moved = true;
      if (isHidden || !(apart <= 1e-7 * size)) found.set(i, far[i] ? Infinity : Math.max(apart, found.has(i) ? found.get(i) : 0));
    }
    if (!moved) break;
  }
  return [found, infinite, turned];
}
