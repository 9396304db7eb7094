// The rows of a table, of which the page shows one at a time, as if it were the only one.

import { shown } from "./format.js";

export class Rows {
  /** at: gives an element by its id. rows: {nodes, columns: the numbers of each, count}. */
  constructor(at, model, texts) {
    this.at = at;
    this.model = model;
    this.texts = texts;
    this.rows = model.lesson.rows;
    this.row = 1;
    for (const id of ["row", "row-slider"]) {
      at(id).addEventListener("input", () => {
        const row = at(id).valueAsNumber;
        if (Number.isFinite(row)) this.go(row, at(id));
      });
    }
    at("row").addEventListener("change", () => this.update());
    model.listen(() => this.update());
    this.update();
  }

  /** Whether a node has its number from the table. */
  has(node) {
    return this.rows.nodes.includes(node);
  }

  /** Show a row: the first is 1. from: the field in which it is typed. */
  go(row, from = null) {
    this.typing = from;
    this.model.set(this.pairs(row));
    this.typing = null;
  }

  /** The numbers of a row: pairs of a node and its number. */
  pairs(row) {
    this.row = Math.max(1, Math.min(this.rows.count, Math.round(row)));
    return this.rows.nodes.map((node, at) => [node, this.rows.columns[at][this.row - 1]]);
  }

  update() {
    const { row, rows, model } = this;
    for (const id of ["row", "row-slider"]) {
      if (this.typing !== this.at(id)) this.at(id).value = row;
    }
    const numbers = rows.nodes.map((node) => `${model.lesson.nodes[node].name} = ${shown(model.inputs.get(node))}`).join(", ");
    this.at("row-told").textContent = this.texts.row_told.replace("{row}", row).replace("{numbers}", () => numbers);
  }
}
