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
    text = size.toPrecision(4).replace(/\.?0+(?=e|$)/, "").replace("e+", "e").replace("e-", `e${MINUS}`);
    if (!text.includes("e") && text.length > 7) text = size.toExponential(3).replace("e+", "e");
  }
  return number < 0 ? MINUS + text : text;
}

/** Four decimals; fewer where these are all there is: 0.5 is exact, 2.0000 is rounded. */
function fixed(size) {
  const text = size.toFixed(4);
  return Number(text) === size ? text.replace(/0+$/, "") : text;
}

/** A number with ten digits, as the command prints it. */
export function printed(number) {
  if (!Number.isFinite(number)) return exact(number);
  const [mantissa, power] = number.toExponential(9).split("e");
  const exponent = Number(power);
  const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  const isPlain = exponent >= -4 && exponent < 10;
  const text = isPlain ? short(number.toFixed(9 - exponent)) : `${short(mantissa)}e${exponent}`;
  return (Object.is(number, -0) ? "-0" : text).replaceAll("-", MINUS);
}

/** A number with all its digits. */
export function exact(number) {
  return String(number).replace("-", MINUS).replace("Infinity", "inf").replace("NaN", "nan");
}
