/*
 * Numbers beyond the range of doubles, for what is too small for one on the way: [m, e] is m·2^e, with m
 * near 1; undefined is what cannot be told. Digits are those of doubles.
 */

const STABLE = 2e-12; // how far a gradient may move by 64 roundings: the command has all digits here
const REGULAR = 1e-290; // what is larger has all its digits where an operand is too small to be seen

function wide(m, e = 0) {
  if (m === 0 || !Number.isFinite(m)) return [m, 0];
  const k = Math.floor(Math.log2(Math.abs(m)));
  const half = Math.trunc(-k / 2); // in two steps: 2^1074 is no double
  return [m * 2 ** half * 2 ** (-k - half), e + k];
}

/** The nearest double. */
function narrow([m, e]) {
  const half = Math.trunc(Math.max(-1200, Math.min(1200, e)) / 2);
  return m * 2 ** half * 2 ** (Math.max(-1200, Math.min(1200, e)) - half);
}

function wideTimes([m, e], [n, f]) {
  return wide(m * n, e + f);
}

function wideOver([m, e], [n, f]) {
  return wide(m / n, e - f);
}

function widePlus(x, y) {
  const [[m, e], [n, f]] = [x, y];
  if (m === 0 || (n !== 0 && f - e > 200)) return y;
  if (n === 0 || e - f > 200) return x;
  return wide(m + n * 2 ** (f - e), e);
}

/** x^n for a whole number n, or a half. */
function widePower(x, n) {
  const [size, half] = [Math.abs(n), Math.abs(n) % 1];
  if ((half !== 0 && half !== 0.5) || !(size <= 64)) return undefined;
  let found = [1, 0];
  for (let k = 1; k <= size; k++) found = wideTimes(found, x);
  if (half) found = wideTimes(found, wideRoot(x));
  return n < 0 ? wideOver([1, 0], found) : found;
}

function wideRoot([m, e]) {
  return e % 2 ? wide(Math.sqrt(2 * m), (e - 1) / 2) : wide(Math.sqrt(m), e / 2);
}

/** Far out there are no digits, but it is known where nothing is left. */
function wideExp(x) {
  const k = Math.round(x / Math.LN2);
  if (!(Math.abs(k) < 1e6)) return [1, k];
  return wide(Math.exp(x - k * 0.693147180369123816490 - k * 1.90821492927058770002e-10), k);
}

/** The logarithm to base 2 of a number's size. */
function wideLog([m, e]) {
  return Math.log2(Math.abs(m)) + e;
}

/** Whether numbers are so near each other that both are nothing beside 1, if one is. */
function isNear(x, y) {
  return wideLog(x) === wideLog(y) || Math.abs(wideLog(x) - wideLog(y)) <= Math.max(0.1, 1e-9 * Math.abs(x[1]));
}

/** What is not less. */
function isFirst(x, y) {
  return widePlus(x, [-y[0], y[1]])[0] >= 0;
}

const ONE = [1, 0];
const NONE = [0, 0];
const isBelow = ([m, e]) => m !== 0 && e < -1022;
const isSmall = ([m, e]) => m !== 0 && e < -660; // its square is nothing beside 1
const isFar = ([m, e]) => m > 0 && Math.abs(e) > 1000;

/*
 * Of some operations value and slopes, of wide operands and, for the slopes, the value; undefined where these do
 * not tell. A page has those of its operations, as `javascript_table.py` names them.
 */

const wideSum = [widePlus, () => [ONE, ONE]];
const wideDifference = [(x, y) => widePlus(x, [-y[0], y[1]]), () => [ONE, [-1, 0]]];
const wideProduct = [wideTimes, (x, y) => [y, x]];
const wideQuotient = [wideOver, (x, y, out) => [wideOver(ONE, y), wideOver([-out[0], out[1]], y)]];
const wideNegative = [([m, e]) => [-m, e], () => [[-1, 0]]];
const wideCopy = [(x) => x, () => [ONE]];
const wideSize = [([m, e]) => [Math.abs(m), e], ([m]) => [[Math.sign(m), 0]]];
const wideRelu = [(x) => (x[0] > 0 ? x : NONE), ([m]) => [m > 0 ? ONE : NONE]];
const wideSquareRoot = [wideRoot, (x, out) => [wideOver([0.5, 0], out)]];
const wideCubeRoot = [
  ([m, e]) => wide(Math.cbrt(m * 2 ** (e % 3)), Math.trunc(e / 3)),
  (x, out) => [wideOver([1 / 3, 0], wideTimes(out, out))],
];
const wideHypotenuse = [
  (x, y) => wideRoot(widePlus(wideTimes(x, x), wideTimes(y, y))),
  (x, y, out) => (out[0] ? [wideOver(x, out), wideOver(y, out)] : []),
];
const wideExponential = [(x) => wideExp(narrow(x)), (x, out) => [out]];
const wideExponential2 = [
  (x) => wide(2 ** (narrow(x) - Math.round(narrow(x))), Math.round(narrow(x))),
  (x, out) => [wideTimes(out, [Math.LN2, 0])],
];
const wideMost = [(x, y) => (isFirst(x, y) ? x : y), (x, y) => (isFirst(x, y) ? [ONE, NONE] : [NONE, ONE])];
const wideLeast = [(x, y) => (isFirst(y, x) ? x : y), (x, y) => (isFirst(y, x) ? [ONE, NONE] : [NONE, ONE])];
const wideLogarithm = [(x) => (isFar(x) ? wide(wideLog(x) * Math.LN2) : undefined), (x) => [wideOver(ONE, x)]];
const wideLogarithm2 = [(x) => (isFar(x) ? wide(wideLog(x)) : undefined), (x) => [wideOver([Math.LOG2E, 0], x)]];
const wideLogarithm10 = [
  (x) => (isFar(x) ? wide(wideLog(x) * Math.LN2 * Math.LOG10E) : undefined),
  (x) => [wideOver([Math.LOG10E, 0], x)],
];
const wideLogarithm1 = [() => undefined, (x) => [wideOver(ONE, widePlus(ONE, x))]];
const wideArctangent = [() => undefined, (x) => [wideOver(ONE, widePlus(ONE, wideTimes(x, x)))]];
const widePowers = [
  (x, y) => raised(x, narrow(y)),
  (x, y) => {
    const out = raised(x, narrow(y));
    return [out && wideTimes(wideOver(out, x), y)];
  },
];

/** x^n where that is not 0^n and has a value. */
function raised(x, n) {
  return x[0] > 0 || (x[0] < 0 && Number.isInteger(n)) ? widePower(x, n) : undefined;
}

/** The gradients where numbers have a wide range, by node; undefined where that does not tell. With the slopes and
 * the shares of the edges. */
function inWideRange(page, v) {
  const one = wideSweep(page, v);
  const others = [0, 31].map((offset) => wideSweep(page, v, offset).g);
  const isSame = (x, y) => {
    if (!y) return false;
    if (narrow(x) === 0 && narrow(y) === 0) return isNear(x, y);
    const apart = widePlus(x, [-y[0], y[1]]);
    return apart[0] === 0 || narrow(wideOver([Math.abs(apart[0]), apart[1]], [Math.abs(x[0]), x[1]])) <= STABLE;
  };
  const g = one.g.map((x, i) => {
    const isKnown = x && Number.isFinite(x[0]) && others.every((other) => isSame(x, other[i]));
    return isKnown ? narrow(x) : undefined;
  });
  const doubles = (numbers) => numbers.map((x) => (x ? narrow(x) : NaN));
  return { g, s: doubles(one.s), h: doubles(one.h) };
}

/** Values, slopes, shares and gradients; with an offset each step and slope is changed a little. */
function wideSweep(page, v, offset = NaN) {
  const isShaken = offset >= 0;
  const { edges, inside, jumping, linear, lossy, nodes, ops, says, values, vanishing, wides } = page;
  const x = Array.from(v, (value, i) => (inside[i].length ? undefined : wide(value)));
  const u = Float64Array.from(v);
  const exact = inside.map((each) => !each.length);
  for (let i = 0; i < nodes; i++) {
    if (!inside[i].length) continue;
    x[i] = jumping.has(i) ? wide(v[i]) : wideValue(i);
    const isSeen = x[i] && ![i, ...inside[i]].some((each) => !x[each] || isBelow(x[each]));
    const isSure = jumping.has(i) || (isSeen && isExact(page, i, narrow(x[i]), u, exact));
    exact[i] = isSure && inside[i].every((each) => exact[each]);
    if (x[i] && isShaken && !isSure) x[i] = wide(x[i][0] * factorOf(i + offset), x[i][1]);
    u[i] = x[i] ? narrow(x[i]) : NaN;
  }
  const swept = page.sweep(u, v, 1).s;
  const first = new Map();
  edges.forEach(([, head], e) => first.has(head) || first.set(head, e));
  const [s, h, g] = [[], [], Array.from(v, () => NONE)];
  g[nodes - 1] = ONE;
  for (let e = edges.length - 1; e >= 0; e--) {
    const [tail, head, place] = edges[e];
    const spoken = says.get(head);
    [s[e], h[e]] = [NONE, NONE];
    if (spoken && !spoken[v[inside[head][0]] !== 0 ? 0 : 1].includes(place)) continue;
    s[e] = jumping.has(head) ? NONE : wideSlope(head, e, place);
    const isSure = s[e] && g[head] && isShareExact(page, e, narrow(g[head]), narrow(s[e]));
    if (s[e] && isShaken && !isSure) s[e] = wide(s[e][0] * factorOf(e + offset), s[e][1]);
    if (g[head]?.[0] === 0 && s[e] && Number.isFinite(s[e][0])) continue;
    h[e] = g[head] && s[e] && Number.isFinite(s[e][0]) ? wideTimes(g[head], s[e]) : undefined;
    g[tail] = g[tail] && h[e] ? widePlus(g[tail], h[e]) : undefined;
  }
  return { g, s, h };

  function wideValue(i) {
    const parts = inside[i].map((each) => x[each]);
    if (says.has(i)) return parts[v[inside[i][0]] !== 0 ? 1 : 2];
    if (parts.includes(undefined)) return undefined;
    const known = wides[ops[i]]?.[0](...parts);
    if (known) return known;
    const [at0, slope] = linear[ops[i]] ?? [];
    if ((at0 || slope) && isSmall(parts[0])) return at0 ? wide(at0) : wideTimes(parts[0], wide(slope));
    if (parts.some(isBelow)) return undefined;
    const value = values[i](u, v);
    const isNothing = value === 0 && !(vanishing.has(i) && hasLost(value, inside[i], u));
    return isNothing || (Math.abs(value) > REGULAR && Number.isFinite(value)) ? wide(value) : undefined;
  }

  function wideSlope(head, e, place) {
    const parts = inside[head].map((each) => x[each]);
    if (says.has(head)) return place ? ONE : NONE;
    if (parts.includes(undefined) || !x[head] || isOnBorder(page, v, x, exact, head)) return undefined;
    const known = wides[ops[head]]?.[1](...parts, x[head])[place];
    if (known) return known;
    const [, slope0, bend] = linear[ops[head]] ?? [];
    if ((slope0 || bend) && isSmall(parts[0])) return slope0 ? wide(slope0) : wideTimes(parts[0], wide(bend));
    if ([...parts, x[head]].some(isBelow)) return undefined;
    const slope = swept[e];
    const isNothing = slope === 0 && !(lossy.has(e) && hasLost(slope, [...inside[head], head], u));
    return isNothing || Math.abs(slope) > REGULAR ? wide(slope) : undefined;
  }
}
