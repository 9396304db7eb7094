// The ground over which a descent goes: the curve of one input, or lines of equal height over two.

import { round } from "./plot.js";
import { shown } from "./format.js";

const SAMPLES = 240;
const LEVELS = 11;
const APART = 70; // labels of lines are so many pixels from one another

/** The output along one input: pairs of its numbers and the output. */
export function curveOf(model, control, { low, high }) {
  return Array.from({ length: SAMPLES + 1 }, (_, at) => {
    const x = low + (at / SAMPLES) * (high - low);
    return [x, model.outputAt([[control.node, x]])];
  });
}

/** From where to where an axis shows numbers: all but the farthest few, and those that are to be seen. */
export function rangeOf(numbers, seen) {
  const sorted = numbers.filter(Number.isFinite).sort((one, other) => one - other);
  const few = Math.floor(0.02 * sorted.length);
  const inner = sorted.slice(few, sorted.length - few);
  const known = seen.filter(Number.isFinite);
  const [low, high] = [Math.min(...known, ...inner.slice(0, 1)), Math.max(...known, ...inner.slice(-1))];
  const [least, most] = [sorted[0] ?? low, sorted.at(-1) ?? high];
  const room = 0.3 * (high - low); // poles reach farther, other ends do not
  return { low: low - least < room ? Math.min(low, least) : low, high: most - high < room ? Math.max(high, most) : high };
}

/** The output at the corners of a grid of so many cells. */
export function gridOf(model, [one, other], x, y, cells) {
  const at = ({ low, high }, place) => low + (place / cells) * (high - low);
  const places = Array.from({ length: cells + 1 }, (_, place) => place);
  return places.map((row) =>
    places.map((column) => model.outputAt([[one.node, at(x, column)], [other.node, at(y, row)]])),
  );
}

/** Heights of lines: as much of the ground lies between any two, so that valleys and slopes have some. */
export function levelsOf(grid) {
  const sorted = grid.flat().filter(Number.isFinite).sort((one, other) => one - other);
  if (!sorted.length || sorted[0] === sorted.at(-1)) return [];
  const found = new Set();
  for (let at = 1; at <= LEVELS; at++) {
    // the lowest and the highest ones tell of minima and maxima
    const place = (1 - Math.cos((Math.PI * at) / (LEVELS + 1))) / 2;
    const number = sorted[Math.round(place * (sorted.length - 1))];
    const digits = 2 + Math.max(0, Math.ceil(Math.log10(Math.abs(number) / (sorted.at(-1) - sorted[0])) || 0));
    found.add(Number(number.toPrecision(Math.min(15, digits))) + 0);
  }
  return [...found].filter((level) => level > sorted[0] && level < sorted.at(-1)).sort((one, other) => one - other);
}

/** Draw lines of equal height; what is higher is darker. */
export function drawLevels(plot, grid, levels) {
  const cells = grid.length - 1;
  const across = (place) => plot.left + (place / cells) * (plot.right - plot.left);
  const up = (place) => plot.bottom - (place / cells) * (plot.bottom - plot.top);
  const labels = [];
  for (const level of levels) {
    let above = "";
    const segments = [];
    for (let row = 0; row < cells; row++) {
      let from = -1;
      for (let column = 0; column <= cells; column++) {
        const corners = column < cells ? cornersOf(grid, row, column) : null;
        const isWhole = corners !== null && corners.every(([, , number]) => number >= level);
        if (isWhole && from < 0) from = column;
        if (!isWhole && from >= 0) {
          above += `M${round(across(from))} ${round(up(row))}H${round(across(column))}V${round(up(row + 1))}H${round(across(from))}Z`;
          from = -1;
        }
        if (isWhole || !corners || !corners.some(([, , number]) => number >= level)) continue;
        const { around, crossings } = cut(corners, level);
        const place = ([x, y]) => `${round(across(x))} ${round(up(y))}`;
        above += `M${around.map(place).join("L")}Z`;
        for (const [one, other] of crossings) segments.push([one, other, `M${place(one)}L${place(other)}`]);
      }
    }
    if (above) plot.draw("path", { d: above, class: "above" }, plot.ground);
    if (segments.length) plot.draw("path", { d: segments.map((each) => each[2]).join(""), class: "level" }, plot.ground);
    const middle = segments.map(([[x, y]]) => [across(x), up(y)]).find((place) => isFree(place, labels, plot));
    if (middle) labels.push([...middle, shown(level)]);
  }
  for (const [x, y, text] of labels) plot.draw("text", { x: round(x), y: round(y + 4), class: "height" }, plot.ground, text);
}

/** The corners of a cell, counterclockwise, as [x, y, number]; null where one is not finite. */
function cornersOf(grid, row, column) {
  const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([x, y]) => [column + x, row + y, grid[row + y][column + x]]);
  return corners.every((each) => Number.isFinite(each[2])) ? corners : null;
}

/** The part of a cell that is at least so high: its outline, and the pieces of that on the line of this height. */
function cut(corners, level) {
  const around = [];
  const crossings = [];
  let left = null;
  let first = null;
  corners.forEach((one, at) => {
    const other = corners[(at + 1) % 4];
    if (one[2] >= level) around.push(one);
    if (one[2] >= level === other[2] >= level) return;
    const part = (level - one[2]) / (other[2] - one[2]);
    const place = [one[0] + part * (other[0] - one[0]), one[1] + part * (other[1] - one[1])];
    around.push(place);
    if (one[2] >= level) left = place;
    else if (left) {
      crossings.push([left, place]);
      left = null;
    } else first = place;
  });
  if (left && first) crossings.push([left, first]);
  return { around, crossings };
}

function isFree([x, y], labels, plot) {
  const isInside = x > plot.left + 24 && x < plot.right - 24 && y > plot.top + 12 && y < plot.bottom - 12;
  return isInside && labels.every(([one, other]) => Math.hypot(x - one, 2 * (y - other)) > APART);
}
