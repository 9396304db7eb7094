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
 *     jumping     the steps without slopes
 *     signed      the steps that change where their first operand is 0
 *     tied        the steps that change where their first operand is another one
 *     wrapping    the steps that jump at multiples of their second operand
 *     says        of some steps which operands have a say, if the first one is true, and if it is not
 *     ops         of every step what its operation is called
 *     linear      of some operations value and slope at 0, where they are smooth
 *     wides       of some operations value and slopes of numbers of a wide range: see `wide.js`
 *     values      of every step a function of v, all values, and w, those that choose branches
 *     sweep       v, w, the gradient to begin with → the gradients g, the slopes s, the shares h
 */

const TINY = 2.2250738585072014e-308; // the smallest normal double
const LOST = 64 * 5e-324; // what a smaller one may be off by
const SCALES = [2 ** 512, 2 ** 1000, 2 ** -512, 2 ** -1000]; // of gradients too small or too large on the way
const UNSEEN = 1e-300;
const AGREED = 3e-14; // how far apart slopes beside a point are the same
const JUMP = "jump";
const WORK = 5e6; // the most edges that are looked at beside a point

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
    const [moved, infinite, turned] = rounded(page, v, found, scale, changed.length > 0);
    for (const i of jumped) turned.add(i);
    const known = new Map();
    if (changed.length && !turned.size) {
      const other = inWideRange(page, v);
      for (const node of changed) if (other.g[node] !== undefined) known.set(node, other.g[node]);
      page.edges.forEach(([tail], e) => {
        if (known.has(tail)) [s[e], h[e]] = [other.s[e], other.h[e]];
      });
    }
    for (const [node, by] of moved) {
      const most = Math.max(by, Math.abs(g[node]));
      const seen = Math.max(most, (most * Math.abs(v[node])) / Math.max(1, Math.abs(v[page.nodes - 1])));
      if (!(seen <= 64e-9)) open.add(node); // at a minimum there is nothing left but rounding
    }
    for (const node of behind(page, v, g, turned)) open.add(node);
    for (const [node, number] of known) {
      open.delete(node);
      g[node] = number;
    }
    undecided(page, v, g, s, h, open, { moved, infinite, lost, known });
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
  const { changing, edges, inside, jumping, lossy, nodes, vanishing } = page;
  const logs = new Float64Array(nodes).fill(-Infinity); // of how far the gradients may be off
  const add = (node, more) => {
    if (more > -Infinity) logs[node] = Math.max(logs[node], more) + 1;
  };
  for (let e = edges.length - 1; e >= 0; e--) {
    const [tail, head] = edges[e];
    if (all.s[e] !== 0) add(tail, logs[head] + Math.log2(Math.abs(all.s[e])));
    if (vanishes(edges[e], e, all)) add(tail, Math.log2(LOST));
    if (isTiny(all.s[e]) && lossy.has(e) && all.g[head] !== 0 && hasLost(all.s[e], [...inside[head], head], v)) {
      add(tail, Math.log2(Math.abs(all.g[head])) + Math.log2(LOST));
    }
  }
  const off = logs.map((each) => 2 ** each);
  const turned = new Uint8Array(nodes); // by values that are others
  const jumped = [];
  let changed = all.g;
  if ([...vanishing].some((i) => hasLost(v[i], inside[i], v))) {
    const u = Float64Array.from(v);
    const more = (value, i) => value + (value < 0 ? -1 : 1) * LOST * (1 + (i % 7) / 7);
    again(page, u, v, 0, (value, i) => {
      if (jumping.has(i)) {
        if (value !== v[i]) jumped.push(i);
        return v[i];
      }
      return vanishing.has(i) && hasLost(value, inside[i], u) ? more(value, i) : value;
    });
    changed = page.sweep(u, v, scale).g;
    for (let e = edges.length - 1; e >= 0; e--) {
      const [tail, head] = edges[e];
      if (all.s[e] === 0 && !changing[e].length && !page.tied.has(head) && !page.signed.has(head)) continue;
      const isOther = (i) => !isSame(v[i], u[i], 0, UNSEEN);
      const hasSide = page.signed.has(head) || page.tied.has(head) || page.wrapping.has(head);
      if (turned[head] || changing[e].some(isOther) || (hasSide && inside[head].some(isOther))) turned[tail] = 1;
    }
  }
  const found = [];
  for (let i = 0; i < nodes; i++) {
    const [one, other] = [all.g[i], changed[i]];
    if (Object.is(one, other) && logs[i] === -Infinity && !turned[i]) continue;
    if (turned[i] || !isSame(one, other, off[i], UNSEEN * scale)) found.push(i);
  }
  return [found, logs.map((each) => each > -Infinity), jumped];
}

/** Factors near 1 in no order, as `evaluation/shaken.py` has them. */
function factorOf(at) {
  const part = (((at % 97) + 1) ** 3 * 0.6180339887498949) % 1 - 0.5;
  return 1 + 2 ** -46 * (part + (part < 0 ? -0.5 : 0.5));
}

/** The values where every step from number `from` on is changed by 64 times its rounding; what jumps stays. */
function shaken(page, v, w, from, offset) {
  const { inside, jumping, rounding } = page;
  const u = Float64Array.from(v);
  const isExact = (value, i) =>
    !rounding.has(i) && Number.isSafeInteger(value) && inside[i].every((each) => Number.isSafeInteger(u[each]));
  const changed = (value, i) => (jumping.has(i) ? v[i] : isExact(value, i) ? value : value * factorOf(i + offset));
  return again(page, u, w, from, changed);
}

/** The nodes by which the derivative moves a lot if every step and every slope is changed by 64 times its
 * rounding, each with how far: Vignes' method, as in `evaluation/shaken.py`. And the edges whose slope
 * stays infinite. */
function rounded(page, v, { g, s: known }, scale, ties) {
  const { edges, nodes } = page;
  const [found, turned] = [new Map(), new Set()];
  const infinite = Uint8Array.from(known, (each) => Math.abs(each) === Infinity);
  for (const offset of [0, 31, 62]) {
    const factor = (at) => factorOf(at + offset);
    const u = shaken(page, v, v, 0, offset);
    for (const i of turning(page, v, u, ties)) turned.add(i);
    const far = new Uint8Array(nodes); // whose slopes are made of values that move a lot themselves
    const isFar = (i) => !(Math.abs(u[i] - v[i]) <= Math.max(1e-7 * Math.abs(v[i]), 64e-9)) && Number.isFinite(v[i]);
    for (let e = edges.length - 1; e >= 0; e--) {
      const [tail, head] = edges[e];
      if ((far[head] && known[e] !== 0) || page.changing[e].some(isFar)) far[tail] = 1;
    }
    const { s } = page.sweep(u, v, 1);
    for (let e = 0; e < edges.length; e++) if (Math.abs(s[e]) !== Infinity) infinite[e] = 0;
    const other = new Float64Array(nodes);
    other[nodes - 1] = scale;
    for (let e = edges.length - 1; e >= 0; e--) {
      const [tail, head] = edges[e];
      if (other[head] !== 0 && s[e] !== 0) other[tail] += other[head] * s[e] * factor(e);
    }
    let moved = false;
    for (let i = 0; i < nodes; i++) {
      if (!Number.isFinite(g[i]) || Object.is(g[i], -0)) continue;
      const [apart, size] = [Math.abs(other[i] - g[i]) / scale, Math.abs(g[i]) / scale];
      if (!(apart <= 1e-10 * size)) moved = true;
      if (!(apart <= 1e-7 * size)) found.set(i, far[i] ? Infinity : Math.max(apart, found.has(i) ? found.get(i) : 0));
    }
    if (!moved) break;
  }
  return [found, infinite, turned];
}

/** Set the gradients that are not finite, by each of these nodes alone, or add it to those that stay open. */
function undecided(page, v, g, s, h, open, rounding) {
  const doubtful = uncertain(page, v, g, s, h, open, rounding);
  let work = WORK;
  for (let node = 0; node < page.nodes; node++) {
    if (Number.isFinite(g[node]) || open.has(node) || rounding.known.has(node)) continue;
    if (doubtful[node] === 2) {
      open.add(node);
      continue;
    }
    const found = byChain(page, s, node);
    g[node] = found.slope;
    found.shares.forEach((share, e) => (h[e] = share));
    if (!found.open && (Number.isFinite(found.slope) || !doubtful[node])) continue;
    work -= 50 * page.edges.length;
    const slope = work < 0 ? NaN : byValues(page, v, node);
    if (found.open) g[node] = slope;
    if (Number.isNaN(slope) || slope !== g[node]) open.add(node);
  }
}

/**
 * Of every node 1 if its gradient may be infinite only because something is too large for a double, a
 * product of numbers, or a slope that is infinite beside the point, too; or because what should be 0 is
 * rounded. 2 if it is made of one that is open, or too small, or a slope
 * is infinite by rounding.
 */
function uncertain(page, v, g, s, h, open, { moved, infinite, lost }) {
  const found = new Uint8Array(page.nodes);
  if (g.every(Number.isFinite)) return found;
  const near = page.sweep(v.map((each) => (each === 0 ? 2 ** -60 : each * (1 + 2 ** -40))), v, 1).s;
  for (let e = page.edges.length - 1; e >= 0; e--) {
    const [tail, head] = page.edges[e];
    if (open.has(head) || lost[head]) found[head] = 2;
    const steep = Math.abs(near[e]) === Infinity || moved.has(head);
    const noise = Number.isFinite(g[head]) || Math.abs(near[e] - s[e]) > 0.1 * Math.abs(s[e]);
    const large = (Number.isFinite(s[e]) ? noise : steep) && !Number.isFinite(h[e]);
    const by = Math.abs(s[e]) === Infinity && !infinite[e] ? 2 : large ? 1 : 0;
    if (s[e] !== 0) found[tail] = Math.max(found[tail], found[head], by);
  }
  return found;
}

/**
 * The chain rule where only one node moves, and what depends on it: what is 0 and does not move stays
 * 0 times infinity. open: whether it meets 0·∞, or ∞ − ∞, of what moves. isBeside: whether this is
 * a point beside the one of interest, where what has the slope 0 does not move.
 */
function byChain(page, s, node, isBeside = false) {
  const { edges, changing, nodes } = page;
  const [g, moves, varies, open] = [new Float64Array(nodes), ...[0, 1, 2].map(() => new Uint8Array(nodes))];
  moves[node] = 1;
  edges.forEach(([tail, head], e) => {
    if (moves[tail] && head !== node && !(isBeside && s[e] === 0)) moves[head] = 1;
  });
  const shares = new Map();
  g[nodes - 1] = 1;
  for (let e = edges.length - 1; e >= 0; e--) {
    const [tail, head] = edges[e];
    if (!moves[tail]) continue;
    const [gradient, slope, changes] = [g[head], s[e], changing[e].some((each) => moves[each])];
    const nothing = gradient === 0 && !varies[head] && !open[head];
    const still = nothing || (slope === 0 && !changes);
    const share = still ? 0 : gradient * slope;
    if (tail === node) shares.set(e, share);
    if (still) continue;
    const meets = gradient === 0 ? !Number.isFinite(slope) : slope === 0 && !Number.isFinite(gradient);
    if (open[head] || meets) open[tail] = 1;
    const total = g[tail] + share;
    if (Number.isNaN(total) && !Number.isNaN(g[tail]) && !Number.isNaN(share)) open[tail] = 1;
    g[tail] = total;
    if (changes || varies[head]) varies[tail] = 1;
  }
  return { slope: g[node], open: open[node] === 1, shares, moves };
}

/** The slope that values give: that of both sides of the point, 0 at a corner with 0 between its slopes,
 * else NaN. Where the output jumps, what jumps stays. */
function byValues(page, v, node) {
  let sides = [-1, 1].map((side) => beside(page, v, node, side, false));
  if (sides.includes(JUMP)) sides = [-1, 1].map((side) => beside(page, v, node, side, true));
  sides = sides.filter((each) => each !== undefined);
  if (!sides.length || sides.some(Number.isNaN) || sides.includes(JUMP)) return NaN;
  const [low, high] = [Math.min(...sides), Math.max(...sides)];
  if (low === high) return high + 0;
  if (!(Number.isFinite(low) && Number.isFinite(high))) return NaN;
  if (high - low <= 1e-13 * Math.max(Math.abs(low), Math.abs(high))) return high;
  return low <= 0 && high >= 0 ? 0 : NaN;
}

/** The limit of the slope from a side, or JUMP; undefined where there are no values, NaN where it cannot
 * be told. held: whether what jumps stays. */
function beside(page, v, node, side, held) {
  const size = Math.abs(v[node]) || 1;
  const ways = [Array.from({ length: 9 }, (_, k) => size * 2 ** (-34 - 2 * k))];
  if (v[node] === 0) ways.unshift(Array.from({ length: 24 }, (_, k) => 2 ** (-40 - 40 * k)));
  let none = false;
  for (const way of ways) {
    let found = [];
    let values = false;
    for (const step of way) {
      const at = slopeAt(page, v, node, side * step, held);
      if (at) values = true;
      if (at && at.sure) found.push(at);
      else if (found.length < 3) found = [];
      else break;
    }
    none ||= !values;
    const limit = found.length < 3 ? NaN : limitOf(found.slice(-3), v[page.nodes - 1]);
    if (!Number.isNaN(limit)) return limit;
  }
  return none ? undefined : NaN;
}

/** Where three slopes, each nearer than the one before, lead; NaN if that is not clear. */
function limitOf([far, near, next], value) {
  const [a, b, c] = [far.slope, near.slope, next.slope];
  if (Math.abs(next.height) > 1e3 * Math.abs(c * next.step) + 1e-12 * Math.abs(value)) return JUMP;
  if (next.jumps && value && !(Math.abs(c * next.step) > 2 ** -45 * Math.abs(value))) return NaN; // no jump would be seen
  if (Math.abs(a - c) <= AGREED * Math.abs(c) && Math.abs(b - c) <= AGREED * Math.abs(c)) return c;
  const tiny = Math.abs(next.step) < 1e-30;
  if (!(Math.abs(b / a / (c / b) - 1) < 1e-2)) return NaN; // it is no power of the distance
  if (c / b > 1.1) return Math.abs(next.height) <= 0.9 * Math.abs(far.height) ? c * Infinity : JUMP;
  return tiny && c / b < 0.9 ? 0 : NaN;
}

/** The slope a step beside the point, with how far the output is away; nothing where there is no value. */
function slopeAt(page, v, node, step, held) {
  const u = Float64Array.from(v);
  u[node] += step;
  again(page, u, v, node + 1, (value, i) => (held && page.jumping.has(i) ? v[i] : value));
  if (withoutValue(page, u, v).length) return undefined;
  const { s } = page.sweep(u, v, 1);
  const lost = [...page.vanishing].some((i) => i > node && hasLost(u[i], page.inside[i], u));
  const { slope, open, moves } = byChain(page, s, node, true);
  const isStuck = (i) => moves[i] && u[i] === v[i]; // by rounding
  const stuck = page.edges.some(
    ([tail], e) => moves[tail] && (s[e] === 0 || !Number.isFinite(s[e])) && page.changing[e].some(isStuck),
  );
  const near = byChain(page, page.sweep(shaken(page, u, v, node + 1, 0), v, 1).s, node, true).slope;
  const isRounding = !(Math.abs(near - slope) <= 1e-6 * Math.abs(slope));
  const sure = !lost && !open && !stuck && !isRounding && Number.isFinite(slope) && u[node] !== v[node];
  const jumps = !held && [...page.jumping].some((i) => u[i] !== v[i]);
  return { slope, step: u[node] - v[node], height: u[page.nodes - 1] - v[page.nodes - 1], sure, jumps };
}
