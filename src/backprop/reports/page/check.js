// The gradient checked by differences: of each input slopes between points ever nearer, and what they tend to.

import { shown } from "./format.js";

const CLOSE = 1e-5;
const SURE = 1e-3;
const FIRST = 0.1; // of the size of the input, and of 1
const RUNGS = 18; // each a fourth of the one before
const NOISE = 1e-12; // slopes below, of the size of the output by that of the input, are 0 as far as doubles tell

/** Of each control what the chain rule and differences say, and whether they agree. isLost: differences show
 * nothing but the rounding of the output, and the chain rule has more. */
export function checked(model) {
  const sizes = sizesOf(model);
  return model.lesson.controls.map((control) => {
    const by = model.gradients[control.node];
    const isHeld = control.least === control.most; // then differences go beyond the bounds, as those of the command do
    const { slope, doubt, isKink } = limit(model, isHeld ? { node: control.node } : control);
    const value = Math.abs(model.inputs.get(control.node));
    const scale = Math.max(Math.abs(by), Math.abs(slope));
    const away = Math.abs(by - slope);
    const isNothing = scale <= (NOISE * Math.abs(model.value)) / Math.max(value, 1);
    const isSure = isNothing || (scale < Infinity && doubt <= SURE * scale);
    const isLost = isNothing && away > CLOSE * scale && Math.abs(by) > NOISE * sizes[control.node] && stays(model, control.node);
    const agrees = isSure && !isLost && (isNothing || away <= CLOSE * scale + 3 * doubt);
    return { name: model.lesson.nodes[control.node].name, by, slope, agrees, isLost, isSure: isSure && !isKink };
  });
}

/** Whether a gradient is the same number right beside the point: at a minimum, where it is but rounding, it is not. */
function stays(model, node) {
  const [by, value] = [model.gradients[node], model.inputs.get(node)];
  const beside = model.at([[node, value + NOISE * Math.max(Math.abs(value), 1)]]).gradients[node];
  return Math.abs(beside - by) < 0.5 * Math.abs(by);
}

/** Of each node the size of what its gradient is summed of: one far below it is rounding. */
function sizesOf(model) {
  const sizes = model.lesson.nodes.map((_, node) => Number(node === model.lesson.output));
  for (let edge = model.edges.length - 1; edge >= 0; edge--) {
    const [tail, head] = model.edges[edge];
    sizes[tail] += sizes[head] && sizes[head] * Math.abs(model.slopes[edge]);
  }
  return sizes;
}

/** What the slopes of an input tend to: {slope, doubt, isKink}; the slope of the nearest if they tend to nothing. */
function limit(model, control) {
  const value = model.inputs.get(control.node);
  const sizes = new Set([FIRST * (Math.abs(value) || 1), FIRST]);
  let best = { slope: NaN, doubt: Infinity, ratio: Infinity, isKink: false };
  for (const size of sizes) {
    const rungs = [];
    for (let at = 0; at < RUNGS; at++) rungs.push(rung(model, control, value, size / 4 ** at));
    const better = rungs.slice(1).map((each, at) => refined(rungs[at], each));
    for (let at = 2; at < better.length; at++) {
      const slope = better[at];
      const moves = Math.max(Math.abs(slope - better[at - 1]), Math.abs(better[at - 1] - better[at - 2]));
      const doubt = moves + rungs[at + 1].rounding;
      const ratio = doubt === 0 ? 0 : doubt / Math.abs(slope);
      if (Number.isFinite(doubt) && (ratio < best.ratio || Number.isNaN(best.slope))) {
        best = { slope, doubt, ratio, isKink: stayApart(rungs[at], rungs[at + 1]) };
      }
    }
  }
  return best;
}

/** The slope between two points around a value, or of one and the value itself where the other is none. */
function rung(model, control, value, size) {
  const above = Math.min(value + size, control.most ?? Infinity);
  const below = Math.max(value - size, control.least ?? -Infinity);
  const own = model.value;
  const up = model.outputAt([[control.node, above]]);
  const down = model.outputAt([[control.node, below]]);
  const [right, left] = [(up - own) / (above - value), (own - down) / (value - below)];
  const isEven = Number.isFinite(right) && Number.isFinite(left) && above - value > 0.5 * size && value - below > 0.5 * size;
  const slope = isEven ? (up - down) / (above - below) : Number.isFinite(right) ? right : left;
  const rounding = (Number.EPSILON * Math.abs(own) + Number.MIN_VALUE) / size;
  return { slope, right, left, rounding, isEven };
}

/** From two slopes what they tend to: their error is a square of the distance, or on one side the distance. */
function refined(far, near) {
  if (far.isEven !== near.isEven) return NaN;
  const [part, all] = far.isEven ? [16, 15] : [4, 3];
  return (part * near.slope - far.slope) / all;
}

/** Whether the slopes on both sides stay apart. */
function stayApart(far, near) {
  const apart = Math.abs(near.right - near.left);
  return apart > 0.5 * Math.abs(far.right - far.left) && apart > SURE * Math.max(Math.abs(near.right), Math.abs(near.left));
}

/** A table of what was found. */
export function tableOf(found, texts) {
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const key of ["name", "by_chain_rule", "by_differences", "verdict"]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = texts[key];
    head.append(cell);
  }
  const body = table.createTBody();
  for (const { name, by, slope, agrees, isLost, isSure } of found) {
    const row = body.insertRow();
    const verdict = agrees ? texts.agrees : isLost ? texts.hidden : isSure ? texts.differs : texts.not_smooth;
    for (const text of [name, shown(by), shown(slope), verdict]) row.insertCell().textContent = text;
    row.className = agrees ? "right" : "wrong";
  }
  return table;
}
