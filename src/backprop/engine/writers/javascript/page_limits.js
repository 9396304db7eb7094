/*
 * Gradients that are not finite in doubles: of each node by itself, and beside it. `page` is that of `settled.js`.
 */

const AGREED = 3e-14; // how far apart slopes beside a point are the same
const JUMP = "jump";
const WORK = 5e6; // the most edges that are looked at beside a point

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
    const found = byChain(page, s, node, rounding.scale);
    g[node] = found.slope;
    found.shares.forEach((share, e) => (h[e] = share));
    if (!found.open && (Number.isFinite(found.slope) || !doubtful[node])) continue;
    work -= 50 * page.edges.length;
    const slope = work < 0 ? NaN : byValues(page, v, node);
    if (found.open) g[node] = slope;
    if (Number.isNaN(slope) || slope !== g[node]) open.add(node);
  }
}

/** What stays of that where no slope is infinite: gradients that are not known then are products too large. */
function leftOpen(page, v, g, s, h, open, { known }) {
  g.forEach((each, node) => Number.isFinite(each) || known.has(node) || open.add(node));
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
 * 0 times infinity. scale: the gradient to begin with. open: whether it meets 0·∞, or ∞ − ∞, of what moves. isBeside: whether this is
 * a point beside the one of interest, where what has the slope 0 does not move.
 */
function byChain(page, s, node, scale = 1, isBeside = false) {
  const { edges, changing, nodes } = page;
  const [g, moves, varies, open] = [new Float64Array(nodes), ...[0, 1, 2].map(() => new Uint8Array(nodes))];
  moves[node] = 1;
  edges.forEach(([tail, head], e) => {
    if (moves[tail] && head !== node && !(isBeside && s[e] === 0)) moves[head] = 1;
  });
  const shares = new Map();
  g[nodes - 1] = scale;
  for (let e = edges.length - 1; e >= 0; e--) {
    const [tail, head] = edges[e];
    if (!moves[tail]) continue;
    const [gradient, slope, changes] = [g[head], s[e], changing[e].some((each) => moves[each])];
    const nothing = gradient === 0 && !varies[head] && !open[head];
    const still = nothing || (slope === 0 && !changes);
    const share = still ? 0 : gradient * slope;
    if (tail === node) shares.set(e, share / scale);
    if (still) continue;
    if (share === 0 && gradient !== 0 && slope !== 0) open[tail] = 1; // too small
    const meets = gradient === 0 ? !Number.isFinite(slope) : slope === 0 && !Number.isFinite(gradient);
    if (open[head] || meets) open[tail] = 1;
    const total = g[tail] + share;
    if (Number.isNaN(total) && !Number.isNaN(g[tail]) && !Number.isNaN(share)) open[tail] = 1;
    g[tail] = total;
    if (changes || varies[head]) varies[tail] = 1;
  }
  return { slope: g[node] / scale, open: open[node] === 1, shares, moves };
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
  const { slope, open, moves } = byChain(page, s, node, 1, true);
  const isStuck = (i) => moves[i] && u[i] === v[i]; // by rounding
  const stuck = page.edges.some(
    ([tail], e) => moves[tail] && (s[e] === 0 || !Number.isFinite(s[e])) && page.changing[e].some(isStuck),
  );
  const other = shaken(page, u, v, node + 1, 0);
  const near = byChain(page, page.sweep(other, v, 1).s, node, 1, true).slope;
  const isElsewhere = turning(page, u, other).some((i) => moves[i] || page.inside[i].some((each) => moves[each]));
  const isRounding = !(Math.abs(near - slope) <= 1e-6 * Math.abs(slope));
  const sure = !lost && !open && !stuck && !isRounding && !isElsewhere && Number.isFinite(slope) && u[node] !== v[node];
  const jumps = !held && [...page.jumping].some((i) => u[i] !== v[i]);
  return { slope, step: u[node] - v[node], height: u[page.nodes - 1] - v[page.nodes - 1], sure, jumps };
}
