// The gradient checked by differences: of each input the slope between two points on both sides of it.

import { shown } from "./format.js";

const STEP = 1e-5;
const CLOSE = 1e-5;

/** Of each control what the chain rule and differences say, and whether they agree. */
export function checked(model) {
  return model.lesson.controls.map((control) => {
    const value = model.inputs.get(control.node);
    const size = STEP * Math.max(1, Math.abs(value));
    const by = model.gradients[control.node];
    const slope = difference(model, control, value, size);
    const scale = Math.max(Math.abs(by), Math.abs(slope), 1e-8);
    const half = difference(model, control, value, size / 8);
    const doubt = Math.abs(slope - half);
    const agrees = Math.abs(by - slope) <= CLOSE * scale + 10 * doubt || by === slope;
    const isSure = doubt <= 1e-3 * scale;
    return { name: model.lesson.nodes[control.node].name, by, slope, agrees, isSure };
  });
}

function difference(model, control, value, size) {
  const above = Math.min(value + size, control.most ?? Infinity);
  const below = Math.max(value - size, control.least ?? -Infinity);
  const one = model.outputAt([[control.node, above]]);
  const other = model.outputAt([[control.node, below]]);
  return (one - other) / (above - below);
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
  for (const { name, by, slope, agrees, isSure } of found) {
    const row = body.insertRow();
    const verdict = agrees ? texts.agrees : isSure ? texts.differs : texts.not_smooth;
    for (const text of [name, shown(by), shown(slope), verdict]) row.insertCell().textContent = text;
    row.className = agrees ? "right" : "wrong";
  }
  return table;
}
