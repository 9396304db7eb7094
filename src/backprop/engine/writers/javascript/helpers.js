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
