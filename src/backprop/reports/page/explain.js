// The last step of a descent with its numbers, as the command descend explains one.

import { printed } from "./format.js";

const MOST_INPUTS = 20;

/** The lines about a step. words: of a key and values the text. */
export function explained(descent, words) {
  const { last, rows, model, nodes, sign } = descent;
  const row = rows[last.optimizer];
  const output = model.lesson.nodes[model.lesson.output].name;
  const lines = [
    words("step_by", { number: last.number, name: last.optimizer, formulas: row.formulas.join("; ") }),
    `  g = ${sign < 0 ? "\u2212" : ""}\u2202${output}/\u2202x; lr = ${printed(last.rate)}`,
  ];
  nodes.slice(0, MOST_INPUTS).forEach((node, at) => {
    for (const line of updateOf(row, last, at, model.lesson.nodes[node].name)) lines.push(`  ${line}`);
  });
  if (nodes.length > MOST_INPUTS) lines.push(`  ${words("more_inputs", { count: nodes.length - MOST_INPUTS })}`);
  return lines;
}

/** The update of one input: `a ← 2 − 0.001·6 = 1.994`, and before it what the optimizer keeps or needs. */
function updateOf(row, last, at, name) {
  const memory = Object.entries(last.state).map(([key, numbers]) => [key, numbers[at]]);
  const own = [["x", last.x[at]], ["g", last.gradient[at]], ["k", last.k], ["lr", last.rate]];
  const known = new Map([...Object.entries(row.options), ...own, ...memory]);
  return row.lines.map(({ target, parts }, place) => {
    let filled = parts.map((part) => (typeof part === "string" ? part : put(known.get(part[0]), part[1]))).join("");
    let value = last.made[at][place];
    const after = last.next[at];
    if (target === "x'" && Math.abs(value - after) > 1e-9 * Math.max(1, Math.abs(value))) {
      filled = `${value < after ? "max" : "min"}(${filled}, ${printed(after)})`;
      value = after;
    }
    known.set(target, value);
    const left = target === "x'" ? `${name} \u2190` : `${target} =`;
    const result = printed(value);
    return `${left} ${filled}${filled === result ? "" : ` = ${result}`}`;
  });
}

/** A number in its place. */
function put(number, isBracketed) {
  const text = printed(number);
  return isBracketed && text.startsWith("\u2212") ? `(${text})` : text;
}
