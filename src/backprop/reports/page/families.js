// The picture with one box for each indexed equation: the largest numbers of its members, and what is opened.

import { colour, Graph } from "./graph.js";
import { shown } from "./format.js";
import { Room } from "./room.js";

const HEAD = 24; // of a frame, above what is inside

export class Families {
  /** texts: the words of the page. */
  constructor(root, model, steps, texts) {
    this.root = root;
    this.model = model;
    this.steps = steps;
    this.texts = texts;
    const insides = new Map([...root.querySelectorAll(".interior")].map((each) => [each.dataset.insideOf, each]));
    this.boxes = [...root.querySelectorAll(":scope > .box")].map((box, at) => {
      const frame = box.querySelector("rect");
      const interior = insides.get(String(at)) ?? null;
      const [width, height] = interior ? interior.dataset.size.split(" ").map(Number) : [];
      return {
        box,
        frame,
        interior,
        spot: spotOf(frame),
        size: interior && { width: Math.max(width, nameOf(box).textContent.length * 7.2 + 44), height: height + HEAD },
        graph: null,
        isOpen: false,
        title: box.querySelector("title"),
        words: box.querySelector("title").textContent,
        family: box.dataset.family ?? "",
        members: numbersIn(box.dataset.members),
        inside: new Set(numbersIn(box.dataset.inside)),
        data: box.querySelector('[data-role="data"]'),
        grad: box.querySelector('[data-role="grad"]'),
      };
    });
    this.places = new Map(this.boxes.map((each) => [each.box, each]));
    const wires = [...root.querySelectorAll(":scope > .wire")];
    this.room = new Room(root, this.boxes, wires);
    this.say();
    this.update();
  }

  /** The names of what is open. */
  get open() {
    return this.boxes.filter((each) => each.isOpen).map((each) => each.family);
  }

  /** Open these, and no others. */
  show(families) {
    const wanted = new Set(families);
    for (const each of this.boxes) this.turn(each, wanted.has(each.family));
    this.arrange();
  }

  /** Open what belongs to a box, or fold it; whether it is a box that opens. */
  toggle(box) {
    const found = this.places.get(box);
    if (!found?.interior) return false;
    this.turn(found, !found.isOpen);
    this.arrange(found);
    return true;
  }

  /** Open whatever has these nodes. */
  reveal(nodes) {
    const folded = this.boxes.filter((each) => each.interior && !each.isOpen && nodes.some((node) => each.inside.has(node) || each.members.includes(node)));
    for (const each of folded) this.turn(each, true);
    if (folded.length) this.arrange();
  }

  turn(each, isOpen) {
    if (!each.interior || each.isOpen === isOpen) return;
    each.isOpen = isOpen;
    each.interior.toggleAttribute("hidden", !isOpen);
    each.box.setAttribute("aria-expanded", String(isOpen));
    each.box.classList.toggle("open", isOpen);
    each.box.querySelector(".sign").textContent = isOpen ? "\u2212" : "+";
    if (isOpen) each.graph ??= new Graph(each.interior, this.model, this.steps);
  }

  /** Make room for what is open. kept: what stays where it is on the screen. */
  arrange(kept) {
    const before = kept?.box.getBoundingClientRect();
    this.room.arrange(this.boxes.map(({ isOpen, spot, size }) => (isOpen ? size : spot)));
    for (const { wire, tail, head } of this.room.wires) {
      wire.toggleAttribute("hidden", tail === head && this.boxes[tail].isOpen); // what is inside tells it
    }
    for (const { box, interior, isOpen } of this.boxes) {
      if (!isOpen) continue;
      const [left, top] = box.dataset.at.split(" ").map(Number);
      interior.setAttribute("transform", `translate(${left} ${top + HEAD})`);
    }
    if (kept) {
      const after = kept.box.getBoundingClientRect();
      this.root.parentElement.scrollBy({ left: after.left - before.left, top: after.top - before.top, behavior: "instant" });
    }
    this.say();
    this.update();
  }

  /** What a pointer and a screen reader are told. */
  say() {
    for (const { title, words, interior, isOpen } of this.boxes) {
      title.textContent = interior ? `${words} \u2013 ${this.texts[isOpen ? "folds" : "opens"]}` : words;
    }
  }

  update() {
    const { model, steps } = this;
    const node = Number(steps.current.slice(1));
    const found = this.boxes.map(({ members }) => {
      const known = members.filter((each) => steps.hasData(each));
      const arrived = members.map((each) => steps.arrived(each)).filter((each) => each !== null);
      const many = members.length > 1;
      const data = known.length ? largest(known.map((each) => model.data[each]), many) : null;
      const grad = arrived.length ? largest(arrived.map((each) => each.sum), many) : null;
      const sum = arrived.length ? largest(arrived.map((each) => each.sum), false) : null;
      const whole = arrived.length === members.length && arrived.every((each) => each.whole);
      return { data, grad, sum, whole };
    });
    const moving = found.filter(({ sum }, at) => sum !== null && !this.boxes[at].box.classList.contains("constant") && Number.isFinite(sum));
    const open = this.boxes.filter(({ isOpen }) => isOpen);
    const most = Math.max(0, ...moving.map(({ sum }) => Math.abs(sum)), ...open.map(({ graph }) => graph.largest()));
    for (const { graph } of open) graph.update(most);
    this.boxes.forEach(({ box, members, inside, data, grad, isOpen }, at) => {
      const now = found[at];
      data.textContent = now.data === null ? "" : shown(now.data);
      grad.textContent = now.grad === null ? "" : shown(now.grad) + (now.whole ? "" : " + \u2026");
      const isPlain = isOpen || box.classList.contains("constant");
      box.dataset.fill = isPlain ? "none" : colour(now.sum === null ? null : { sum: now.sum }, most);
      box.classList.toggle("lit", !isOpen && steps.current !== "" && (steps.current === "start" ? members.includes(model.lesson.output) : inside.has(node)));
    });
  }
}

function numbersIn(text) {
  return text.split(" ").filter(Boolean).map(Number);
}

function nameOf(box) {
  return box.querySelector(".name");
}

/** Where a rectangle is. */
function spotOf(frame) {
  const [left, top, width, height] = ["x", "y", "width", "height"].map((key) => Number(frame.getAttribute(key)));
  return { left, top, width, height };
}

/** The number that is largest in size, of several its size. */
function largest(numbers, many) {
  const found = numbers.reduce((one, other) => (Number.isNaN(one) || Math.abs(one) >= Math.abs(other) ? one : other));
  return many ? Math.abs(found) : found;
}
