// The numbers in the picture, its colours, and what is lit.

import { exact, shown } from "./format.js";

const DEPTHS = [0.01, 0.1, 0.5];

export class Graph {
  constructor(root, model, steps) {
    this.model = model;
    this.steps = steps;
    this.boxes = [...root.querySelectorAll(".box")].map((box) => ({
      box,
      node: Number(box.dataset.node),
      data: box.querySelector('[data-role="data"]'),
      grad: box.querySelector('[data-role="grad"]'),
      title: box.querySelector("title"),
      name: box.querySelector("title").textContent,
    }));
    this.arrows = [...root.querySelectorAll(".arrow")].map((arrow) => ({
      arrow,
      edge: Number(arrow.dataset.edge),
      text: arrow.querySelector("text"),
    }));
    this.update();
  }

  /** The size of the largest gradient that is known, without those of constants. */
  largest() {
    const moving = this.boxes.filter(({ box }) => !box.classList.contains("constant"));
    const known = moving.map(({ node }) => this.steps.arrived(node)).filter((each) => each && Number.isFinite(each.sum));
    return Math.max(0, ...known.map((each) => Math.abs(each.sum)));
  }

  /** largest: the gradient with the deepest colour. */
  update(largest = this.largest()) {
    const { model, steps } = this;
    const arrived = new Map(this.boxes.map(({ node }) => [node, steps.arrived(node)]));
    const current = steps.current;
    const lit = new Set(current.startsWith("b") ? model.lesson.stepOf[current.slice(1)].edges : []);
    for (const { box, node, data, grad, title, name } of this.boxes) {
      const value = steps.hasData(node) ? shown(model.data[node]) : "";
      const gradient = arrived.get(node);
      const more = gradient && !gradient.whole ? " + \u2026" : "";
      const slope = gradient ? shown(gradient.sum) + more : "";
      write(data, value);
      if (grad) write(grad, slope);
      const fill = box.classList.contains("constant") ? "none" : colour(gradient, largest);
      if (box.dataset.fill !== fill) box.dataset.fill = fill;
      const isLit = current === `f${node}` || current === `b${node}` || (current === "start" && gradient !== null && node === model.lesson.output);
      box.classList.toggle("lit", isLit);
      const whole = [name];
      if (value) whole.push(`data ${exact(model.data[node])}`);
      if (slope) whole.push(`grad ${exact(gradient.sum)}${more}`);
      write(title, whole.join("\n"));
    }
    for (const { arrow, edge, text } of this.arrows) {
      write(text, steps.hasEdge(edge) ? shown(model.slopes[edge]) : "");
      arrow.classList.toggle("lit", lit.has(edge) || current === `f${model.edges[edge][1]}`);
    }
  }
}

/** Scroll a frame so that what is asked for, or lit, is seen in it. */
export function showLit(frame, smooth) {
  const found = [...frame.querySelectorAll(".box.asked"), ...frame.querySelectorAll(".box.lit")];
  const lit = found.find((each) => each.getClientRects().length); // in the picture that is seen
  if (!lit) return;
  const [own, around] = [lit.getBoundingClientRect(), frame.getBoundingClientRect()];
  const seen = own.left >= around.left && own.right <= around.right && own.top >= around.top && own.bottom <= around.bottom;
  if (seen) return;
  const left = frame.scrollLeft + own.left - around.left - (around.width - own.width) / 2;
  const top = frame.scrollTop + own.top - around.top - (around.height - own.height) / 2;
  frame.scrollTo({ left, top, behavior: smooth ? "smooth" : "instant" });
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The name of a colour: sign and size of a gradient. */
export function colour(gradient, largest) {
  if (!gradient) return "none";
  const number = gradient.sum;
  if (!number || Number.isNaN(number) || !largest) return "flat";
  const depth = DEPTHS.filter((part) => Math.abs(number) > part * largest).length;
  return (number > 0 ? "rise" : "fall") + depth;
}
