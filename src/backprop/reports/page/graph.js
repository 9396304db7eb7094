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
      name: arrow.getAttribute("aria-label"),
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
    const feeding = new Set(current && current !== "start" ? model.edges.filter(([, head]) => head === Number(current.slice(1))).map(([tail]) => tail) : []);
    for (const { box, node, data, grad, title, name } of this.boxes) {
      const gradient = arrived.get(node);
      const { value, slope, more } = told(model, steps, node, gradient);
      write(data, value);
      if (grad) write(grad, slope);
      const fill = box.classList.contains("constant") ? "none" : colour(gradient, largest);
      if (box.dataset.fill !== fill) box.dataset.fill = fill;
      const isLit = current === `f${node}` || current === `b${node}` || (current === "start" && gradient !== null && node === model.lesson.output);
      box.classList.toggle("lit", isLit);
      box.classList.toggle("feeds", feeding.has(node));
      const whole = [name];
      if (value) whole.push(`data ${exact(model.data[node])}`);
      if (slope) whole.push(`grad ${exact(gradient.sum)}${more}`);
      write(title, whole.join("\n"));
    }
    for (const { arrow, edge, text, name } of this.arrows) {
      const slope = steps.hasEdge(edge) ? shown(model.slopes[edge]) : "";
      if (text.textContent !== slope) {
        text.textContent = slope;
        arrow.setAttribute("aria-label", slope ? `${name}: ${slope}` : name);
      }
      arrow.classList.toggle("lit", lit.has(edge) || current === `f${model.edges[edge][1]}`);
    }
  }
}

const EDGE = 12; // pixels around what is brought into sight

/** Scroll a frame, as far as it takes, so that what is asked for or lit is seen in it, with its arrow or with what
 * it is made of if there is room for both. */
export function showLit(frame, smooth) {
  // of the picture that is seen
  const seen = (kind) => [...frame.querySelectorAll(kind)].filter((each) => each.getClientRects().length).map((each) => each.getBoundingClientRect());
  const [asked] = seen(".box.asked");
  const [lit] = seen(".box.lit");
  if (!asked && !lit) return;
  const own = asked ?? lit;
  const all = [own, ...seen(asked ? ".arrow.asked" : ".box.feeds")];
  const around = frame.getBoundingClientRect();
  const [left, right] = wanted(own.left, own.right, all.map((each) => [each.left, each.right]), around.width);
  const [top, bottom] = wanted(own.top, own.bottom, all.map((each) => [each.top, each.bottom]), around.height);
  const across = moved(left, right, around.left, around.right);
  const down = moved(top, bottom, around.top, around.bottom);
  if (!across && !down) return;
  frame.scrollTo({ left: frame.scrollLeft + across, top: frame.scrollTop + down, behavior: smooth ? "smooth" : "instant" });
}

/** From where to where is to be seen: all, or where there is no room for all of it, the end of that. */
function wanted(low, high, all, room) {
  const [least, most] = [Math.min(...all.map(([from]) => from)), Math.max(...all.map(([, to]) => to))];
  if (most - least <= room - 2 * EDGE) return [least, most];
  return [Math.min(low, Math.max(least, high - room + 2 * EDGE)), high];
}

/** How far something has to move into a frame. */
function moved(low, high, from, to) {
  if (low < from + EDGE) return low - from - EDGE;
  return Math.max(0, high - to + EDGE);
}

/** The numbers of a node as they are shown; nothing of what is not computed yet, and three dots behind a sum that
 * is not whole. gradient: what has come to it. */
export function told(model, steps, node, gradient) {
  const value = steps.hasData(node) ? shown(model.data[node]) : "";
  const more = gradient && !gradient.whole ? " + \u2026" : "";
  return { value, slope: gradient ? shown(gradient.sum) + more : "", more };
}

/** Give an element another text, if it has not got that. */
export function write(element, text) {
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
