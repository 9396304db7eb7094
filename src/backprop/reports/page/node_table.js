// The table of all nodes, which follows the steps while it is open.

import { told, write } from "./graph.js";

export class NodeTable {
  /** root: what folds. onChoose: tells of a node. onTurn: called when the table is opened or folded. */
  constructor(root, model, steps, onChoose, onTurn) {
    this.root = root;
    this.model = model;
    this.steps = steps;
    this.rows = [...root.querySelectorAll("tbody > tr")].map((row) => ({
      row,
      node: Number(row.dataset.node),
      data: row.querySelector('[data-cell="data"]'),
      grad: row.querySelector('[data-cell="grad"]'),
    }));
    root.addEventListener("click", (event) => {
      const row = event.target.closest("tbody > tr");
      if (row && !window.getSelection().toString()) onChoose(Number(row.dataset.node));
    });
    root.addEventListener("toggle", () => {
      this.update();
      onTurn();
    });
    window.addEventListener("beforeprint", () => this.update());
    this.update();
  }

  update() {
    if (!this.root.open) return;
    const { model, steps } = this;
    const current = Number(steps.current === "start" ? model.lesson.output : steps.current.slice(1));
    for (const { row, node, data, grad } of this.rows) {
      const { value, slope } = told(model, steps, node, steps.arrived(node));
      write(data, value);
      write(grad, slope);
      row.classList.toggle("lit", steps.current !== "" && node === current);
    }
  }
}
