/*
 * Functions that JavaScript lacks, or has with another meaning. A page gets those that it needs, and
 * what these need: each stands at the margin, from its first line to the next one at the margin.
 */

/** x to the power of y; 1^y is 1, whatever y is. */
function power(x, y) {
  return x === 1 ? 1 : Math.pow(x, y);
}

/** A product of a gradient that may be nothing, -0, because a branch was not taken: it stays that. */
function times(gradient, slope) {
  return Object.is(gradient, -0) ? gradient : gradient * slope + 0;
}

/** x - y*floor(x/y) without error: it has the sign of y. */
function modulo(x, y) {
  const rest = x % y;
  if (rest === 0) return y < 0 ? -0 : 0;
  return rest < 0 !== y < 0 ? rest + y : rest;
}

/** The nearest whole number, halves to the even neighbour: IEEE 754-2019, 4.3.1. */
function nearest(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return x < 0 ? -Math.round(-x) : Math.round(x);
  const even = 2 * Math.round(below / 2);
  return even === 0 && x < 0 ? -0 : even;
}

/** The larger one, of NaN and a number the first. */
function pivot(x, y) {
  return y > x ? y : x;
}

/** erf by the series of DLMF 7.6.2, whose terms are positive; beyond 1 by erfc. */
function erf(x) {
  const size = Math.abs(x);
  if (size >= 1) return x < 0 ? erfc(size) - 1 : 1 - erfc(x);
  let term = (2 / Math.sqrt(Math.PI)) * x * Math.exp(-x * x);
  let total = term;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(total); k++) {
    term *= (2 * x * x) / (2 * k + 1);
    total += term;
  }
  return total;
}

/** erfc: from 1 on by the continued fraction of DLMF 7.9.1, with exp(-x^2) of an x in two parts. */
function erfc(x) {
  if (!(x >= 1)) return x <= -1 ? 2 - erfc(-x) : 1 - erf(x);
  if (x > 28) return 0;
  const high = Math.fround(x);
  let fraction = x;
  for (let k = Math.ceil(20 + 250 / (x * x)); k > 0; k--) fraction = x + k / 2 / fraction;
  return (Math.exp(-high * high) * Math.exp((high - x) * (high + x))) / (Math.sqrt(Math.PI) * fraction);
}

/*
 * Around gamma: numbers of two doubles, the second what the first is off by, because these functions
 * cancel near their zeros. T. J. Dekker, Numer. Math. 18, 1971.
 */

/** The sum of two doubles. */
function sumOf(x, y) {
  const high = x + y;
  const part = high - x;
  return [high, x - (high - part) + (y - part)];
}

/** The first 26 bits of a double. */
function topHalf(x) {
  const large = 134217729 * x;
  return large - (large - x);
}

function plus(x, y) {
  const [high, low] = sumOf(x[0], y[0]);
  return sumOf(high, low + x[1] + y[1]);
}

function product(x, y) {
  const high = x[0] * y[0];
  const [a, b] = [topHalf(x[0]), topHalf(y[0])];
  const [c, d] = [x[0] - a, y[0] - b];
  const low = a * b - high + a * d + c * b + c * d;
  return sumOf(high, low + x[0] * y[1] + x[1] * y[0]);
}

function minus(x, y) {
  return plus(x, [-y[0], -y[1]]);
}

function quotient(x, y) {
  const first = x[0] / y[0];
  const rest = minus(x, product([first, 0], y));
  const second = rest[0] / y[0];
  const last = minus(rest, product([second, 0], y))[0] / y[0];
  return plus(sumOf(first, second), [last, 0]);
}

/** x to the power of a whole number. */
function wholePower(x, n) {
  let found = [1, 0];
  for (let square = x; n; n = Math.floor(n / 2), square = product(square, square)) {
    if (n % 2) found = product(found, square);
  }
  return found;
}

/** exp of a double of moderate size, by Taylor's series of a 64th of what is left below log(2)/2. */
function longExp(x) {
  const twos = Math.round(x / Math.LN2);
  const rest = minus([x, 0], product([twos, 0], [0.6931471805599453, 2.3190468138462996e-17]));
  const small = [rest[0] / 64, rest[1] / 64];
  let found = [1, 0];
  for (let k = 13; k > 0; k--) found = plus([1, 0], quotient(product(found, small), [k, 0]));
  const [high, low] = wholePower(found, 64);
  return [high * 2 ** twos, low * 2 ** twos];
}

/** The logarithm: a step of Newton's method from that of doubles. */
function longLog(x) {
  const near = Math.log(x[0]);
  const off = minus(product(x, longExp(-near)), [1, 0]);
  return plus([near, 0], minus(off, [(off[0] * off[0]) / 2, 0]));
}

/** Bernoulli's numbers B2, B4, …, above and below the fraction: DLMF 24.2.4 */
const bernoulli = [
  [1, 6], [-1, 30], [1, 42], [-1, 30], [5, 66], [-691, 2730], [7, 6], [-3617, 510], [43867, 798],
  [-174611, 330], [854513, 138], [-236364091, 2730], [8553103, 6], [-23749461029, 870],
  [8615841276005, 14322],
];

/** The sum of B2k/(2k(2k - 1)z^(2k - 1)), for z from 24 on: DLMF 5.11.1. */
function stirling(z) {
  const square = product(z, z);
  let below = z;
  let total = [0, 0];
  bernoulli.forEach(([above, under], at) => {
    const k = 2 * at + 2;
    total = plus(total, quotient([above, 0], product([under * k * (k - 1), 0], below)));
    below = product(below, square);
  });
  return total;
}

/** Gamma of whole numbers as products, of others by Stirling's formula from 24 on: DLMF 5.11.3. */
function gamma(x) {
  if (!(x > -Infinity) || (x <= 0 && Number.isInteger(x))) return NaN;
  if (x < -184) return Math.floor(x) % 2 ? -0 : 0;
  if (x > 172) return Infinity;
  let found = 1;
  if (Number.isInteger(x)) {
    for (let k = 2; k < x; k++) found *= k;
    return found;
  }
  const steps = Math.max(0, Math.ceil(24 - x));
  const z = x + steps;
  const half = Math.pow(z, z / 2 - 0.25);
  found = half * (Math.sqrt(2 * Math.PI) * Math.exp(stirling([z, 0])[0] - z)) * half;
  for (let k = steps - 1; k >= 0; k--) found /= x + k;
  return found;
}

/** The logarithm of gamma(1 + h) for a small h. */
function lgammaBeside1(h) {
  return -h * (0.5772156649015329 - h * (0.8224670334241132 - h * (0.40068563438653143 - h * 0.27058080842778454)));
}

/** The logarithm of the size of gamma: DLMF 5.11.1, 5.5.1; 5.7.3 near 0, 1 and 2, 5.5.3 far below. */
function lgamma(x) {
  if (!(x > -Infinity)) return NaN;
  if (x <= 0 && Number.isInteger(x)) return Infinity;
  if (x === 1 || x === 2) return 0;
  if (Math.abs(x) < 1e-3) return lgammaBeside1(x) - Math.log(Math.abs(x));
  if (Math.abs(x - 1) < 1e-4) return lgammaBeside1(x - 1);
  if (Math.abs(x - 2) < 1e-4) return Math.log1p(x - 2) + lgammaBeside1(x - 2);
  if (x > 1e3) {
    const more = x < 1e10 ? 1 / (12 * x) - 1 / (360 * x * x * x) : 0;
    return (x - 0.5) * (Math.log(x) - 1) + (0.4189385332046728 + more);
  }
  if (x < -30) {
    return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * (x - Math.round(x))))) - lgamma(1 - x);
  }
  const steps = Math.max(0, Math.ceil(24 - x));
  let made = [1, 0];
  for (let k = 0; k < steps; k++) made = product(made, sumOf(x, k));
  const z = sumOf(x, steps);
  const size = made[0] < 0 ? [-made[0], -made[1]] : made;
  const main = minus(product(minus(z, [0.5, 0]), longLog(z)), z);
  const all = plus(plus(main, [0.9189385332046728, -3.878294158067242e-17]), stirling(z));
  return minus(all, longLog(size))[0];
}

function digamma(x) {
  return polygamma(0, x);
}

/**
 * polygamma: DLMF 5.15.8 and 5.11.2 from 24 + n on. Below, what is left of it is the sum of terms
 * 1/(x + k)^(n + 1): one by one around 0, and on the left as a difference of two such ends. All are
 * times a^(n + 1), a the x + k next to 0.
 */
function polygamma(n, x) {
  if (!(n >= 0 && n <= 1000 && Number.isInteger(n) && x > -Infinity)) return NaN;
  if (x === Infinity) return n ? 0 : x;
  if (x <= 0 && Number.isInteger(x)) return n % 2 ? Infinity : NaN;
  if (n === 0 && x > 1e17) return Math.log(x);
  if (Math.abs(x) < 1e-17) {
    let found = -1 / x; // the term of 0 is all there is
    for (let k = 1; k <= n; k++) found *= -k / x;
    return found;
  }
  if (x < 0 && n % 2 === 0 && Number.isInteger(2 * x)) return polygamma(n, 1 - x); // DLMF 5.15.6
  const size = 24 + n;
  const left = Math.max(0, Math.floor(-size - x) + 1);
  const terms = [];
  let k = left;
  for (; x + k < size; k++) terms.push(sumOf(x, k));
  const end = sumOf(x, k);
  const a = n ? terms.reduce((one, other) => (Math.abs(other[0]) < Math.abs(one[0]) ? other : one), end) : [1, 0];
  const beyond = (z) => (n ? farPolygamma(n, z, a) : farDigamma(z));
  let total = beyond(end);
  for (const each of terms) {
    const term = wholePower(quotient(a, each), n + 1);
    total = n ? plus(total, term) : minus(total, term);
  }
  if (left) {
    const more = minus(beyond(sumOf(-x, 1 - left)), beyond(sumOf(-x, 1)));
    total = n % 2 ? plus(total, more) : minus(total, more);
  }
  if (n === 0) return total[0];
  let twos = 0; // taken out, so that nothing on the way is too large or too small
  for (let each = 0; each <= n; each++) {
    total = quotient(product(total, [each || 1, 0]), a);
    const by = Math.abs(total[0]) > 1e100 ? -300 : Math.abs(total[0]) < 1e-100 ? 300 : 0;
    total = [total[0] * 2 ** by, total[1] * 2 ** by];
    twos -= by;
  }
  const found = (n % 2 ? total[0] : -total[0]) * 2 ** (twos / 4);
  return found * 2 ** (twos / 4) * 2 ** (twos / 4) * 2 ** (twos / 4);
}

/** log(z) - 1/(2z) - the sum of B2k/(2k*z^2k) */
function farDigamma(z) {
  const square = product(z, z);
  let below = square;
  let total = minus(longLog(z), quotient([0.5, 0], z));
  bernoulli.forEach(([above, under], at) => {
    if (below[0] > 1e200) return;
    total = minus(total, quotient([above, 0], product([under * (2 * at + 2), 0], below)));
    below = product(below, square);
  });
  return total;
}

/** a^(n + 1) times 1/(n*z^n) + 1/(2*z^(n + 1)) + the sum of B2k*(n + 1)…(n + 2k - 1)/((2k)!*z^(n + 2k)) */
function farPolygamma(n, z, a) {
  let total = plus([1, 0], quotient([n / 2, 0], z));
  let factor = [1, 0];
  bernoulli.forEach(([above, under], at) => {
    const k = 2 * at;
    for (const j of [k, k + 1]) factor = product(factor, quotient([n + j, 0], product([j + 1, 0], z)));
    total = plus(total, product(factor, quotient([above, 0], [under, 0])));
  });
  return product(total, product(wholePower(quotient(a, z), n), quotient(a, [n, 0])));
}
