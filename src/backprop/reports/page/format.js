// How numbers are written on the page.

const MINUS = "\u2212";

/** A number as pictures show it: whole numbers whole, others with four decimals or four digits. */
export function shown(number) {
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number < 0 ? `${MINUS}inf` : "inf";
  const size = Math.abs(number);
  let text;
  if (number === 0 || (size >= 1e-3 && size < 1e6)) {
    text = Number.isInteger(number) ? String(size) : fixed(size);
  } else {
    let [digits, power] = size.toPrecision(4).split("e");
    if (!power && withoutZeros(digits).length > 7) [digits, power] = size.toExponential(3).split("e");
    text = withoutZeros(digits) + (power ? `e${power.replace("+", "").replace("-", MINUS)}` : "");
  }
  return number < 0 ? MINUS + text : text;
}

/** Without the last zeros behind the point; those of an exponent are not among them. */
function withoutZeros(digits) {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}

/** Four decimals; fewer where these are all there is: 0.5 is exact, 2.0000 is rounded. */
function fixed(size) {
  const text = size.toFixed(4);
  return Number(text) === size ? text.replace(/0+$/, "") : text;
}

const BACKWARD = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A name among signs and numbers: behind one that is read from right to left a mark without width, after which it goes
 * on from left to right. */
export function inOrder(name) {
  return BACKWARD.test(name) ? `${name}\u200e` : name;
}

/** A number with ten digits, as the command prints it. */
export function printed(number) {
  if (!Number.isFinite(number)) return exact(number);
  const [mantissa, power] = number.toExponential(9).split("e");
  const exponent = Number(power);
  const isPlain = exponent >= -4 && exponent < 10;
  const text = isPlain ? withoutZeros(number.toFixed(9 - exponent)) : `${withoutZeros(mantissa)}e${exponent}`;
  return (Object.is(number, -0) ? "-0" : text).replaceAll("-", MINUS);
}

/** A number with all its digits. */
export function exact(number) {
  return String(number).replace("e+", "e").replaceAll("-", MINUS).replace("Infinity", "inf").replace("NaN", "nan");
}
