// The picture with one box for each indexed equation: the largest numbers of its members.

import { colour } from "./graph.js";
import { shown } from "./format.js";

export class Folded {
  constructor(root, model, steps) {
    this.root = root;
    this.model = model;
    this.steps = steps;
    this.boxes = [...root.querySelectorAll(".box")].map((box) => ({
      box,
      members: box.dataset.members.split(" ").map(Number),
      inside: new Set(box.dataset.inside.split(" ").filter(Boolean)),
      data: box.querySelector('[data-role="data"]'),
      grad: box.querySelector('[data-role="grad"]'),
    }));
    this.update();
  }

  update() {
    const { model, steps } = this;
    const node = steps.current.slice(1);
    const found = this.boxes.map(({ box, members }) => {
      const known = members.filter((each) => steps.hasData(each));
      const arrived = members.map((each) => steps.arrived(each)).filter((each) => each !== null);
      const many = members.length > 1;
      const data = known.length ? largest(known.map((each) => model.data[each]), many) : null;
      const grad = arrived.length ? largest(arrived.map((each) => each.sum), many) : null;
      const sum = arrived.length ? largest(arrived.map((each) => each.sum), false) : null;
      const whole = arrived.length === members.length && arrived.every((each) => each.whole);
      return { box, data, grad, sum, whole };
    });
    const moving = found.filter(({ box, sum }) => sum !== null && !box.classList.contains("constant") && Number.isFinite(sum));
    const most = Math.max(0, ...moving.map(({ sum }) => Math.abs(sum)));
    this.boxes.forEach(({ box, inside, data, grad }, at) => {
      const now = found[at];
      data.textContent = now.data === null ? "" : shown(now.data);
      grad.textContent = now.grad === null ? "" : shown(now.grad) + (now.whole ? "" : " + \u2026");
      const isConstant = box.classList.contains("constant");
      box.dataset.fill = isConstant ? "none" : colour(now.sum === null ? null : { sum: now.sum }, most);
      box.classList.toggle("lit", steps.current !== "start" && inside.has(node));
    });
  }
}

/** The number that is largest in size, of several its size. */
function largest(numbers, many) {
  const found = numbers.reduce((one, other) => (Number.isNaN(one) || Math.abs(one) >= Math.abs(other) ? one : other));
  return many ? Math.abs(found) : found;
}
