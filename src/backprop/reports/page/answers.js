// Numbers that a person types, and how far they may be off: as far as they are rounded, and no further.

import { shown } from "./format.js";

const MINUSES = /[\u2212\u2010-\u2013\uFE63\uFF0D]/g;
const TYPED_NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;

/** A number, or a fraction of two, with a comma or a point, as two texts at most; none where it is no number. */
function typedParts(text) {
  const plain = text.replace(MINUSES, "-").replace(/\s*[\u00b7\u00d7*]\s*10\s*\^\s*/, "e");
  const found = plain.split("/").map((part) => part.trim().replace(/^([-+]) +/, "$1").replace(",", "."));
  return found.length <= 2 && found.every((part) => TYPED_NUMBER.test(part)) ? found : [];
}

/** What a person typed; NaN where that is no number. */
export function read(text) {
  const [one, other] = typedParts(text).map(Number);
  const number = other === undefined ? one : one / other;
  return Number.isFinite(number) ? number : NaN;
}

/**
 * Half a unit of the last digit of a number that may have been rounded; else 0: it may have been if it has
 * three digits that count, or two where a point or an exponent says that it is no count of things. The rule of
 * the command `check`.
 */
export function halfUnit(text, least = 2) {
  const [, whole, point, power] = /^[-+]?(\d*)(\.\d*)?(?:e([-+]?\d+))?$/i.exec(text);
  const isPlain = point === undefined && power === undefined;
  const digits = (whole + (point ?? "").slice(1)).replace(/^0+/, "");
  const counting = (isPlain ? digits.replace(/0+$/, "") : digits).length;
  const last = Number(power ?? 0) - Math.max(0, (point ?? "").length - 1);
  return counting < (isPlain ? 3 : least) ? 0 : 0.5 * 10 ** last;
}

/** How far what was typed may be off because of its digits. */
function roundingOf(text) {
  const found = typedParts(text);
  if (found.length === 1) return halfUnit(found[0]);
  const relative = found.map((part) => {
    const mantissa = part.replace(/e.*$/i, "");
    return halfUnit(`${mantissa}e0`, 3) / Math.abs(Number(mantissa));
  });
  return Math.abs(read(text)) * (relative[0] + relative[1]);
}

/** Whether what was typed is this number. loose: by how much it may be off besides, relative. */
export function isNumber(text, number, loose = 0) {
  const said = read(text);
  if (said === number) return true;
  const size = Math.max(Math.abs(said), Math.abs(number));
  const allowed = Math.max(1e-9 * size, roundingOf(text) * (1 + 1e-9), loose * Math.abs(number));
  return Math.abs(said - number) <= allowed;
}

/** Whether what was typed is this number, rounded to fewer digits than an answer needs: 0.3 of 1/3. */
export function isRough(text, number) {
  const found = typedParts(text);
  if (found.length !== 1 || read(text) === 0) return false;
  const [, point, power] = /(\.\d*)?(?:e([-+]?\d+))?$/i.exec(found[0]);
  const last = Number(power ?? 0) - Math.max(0, (point ?? "").length - 1);
  return Math.abs(read(text) - number) <= 0.5 * 10 ** last * (1 + 1e-9);
}

/** How far a number is off, relative, as the page shows it. */
export function lostIn(number) {
  return number ? Math.abs(read(shown(number)) - number) / Math.abs(number) || 0 : 0;
}
