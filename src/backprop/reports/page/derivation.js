// The list of steps: numbers in its formulas, the current one, and what is not made yet.

import { shown } from "./format.js";

const FEW = 60; // steps that are written at once
const SMOOTH = 500; // milliseconds within which a list has scrolled smoothly
const SETTLING = [50, 50, 100, 200, 400]; // steps that are drawn, or written, get other heights, and move the ones below

const KINDS = ["v", "g", "s", "p"];

export class Derivation {
  constructor(list, model, steps) {
    this.model = model;
    this.steps = steps;
    this.items = new Map();
    for (const item of list.querySelectorAll("[data-step]")) this.items.set(item.dataset.step, placesIn(item));
    this.near = new Set();
    this.behind = new Set();
    this.marked = "";
    this.looking = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const key = entry.target.dataset.step;
        if (entry.isIntersecting) this.near.add(key);
        else this.near.delete(key);
        if (entry.isIntersecting && this.behind.has(key)) this.write(key);
      }
    }, { root: list, rootMargin: "300px" });
    for (const { item } of this.items.values()) this.looking.observe(item);
    window.addEventListener("beforeprint", () => [...this.behind].forEach((key) => this.write(key)));
    // a hand that scrolls has the last word
    for (const kind of ["wheel", "pointerdown"]) list.addEventListener(kind, () => clearTimeout(this.settling), { passive: true });
    this.update();
  }

  /** Write the numbers of steps that are near the screen now, and of others when there is time. */
  update() {
    for (const key of this.items.keys()) this.behind.add(key);
    const first = this.items.size <= FEW ? this.items.keys() : this.near;
    for (const key of [...first]) this.write(key);
    this.write(this.steps.current);
    this.mark();
    later(() => this.rest());
  }

  /** Mark the current step, and no other: at once, however many are behind. */
  mark() {
    this.items.get(this.marked)?.item.removeAttribute("aria-current");
    this.marked = this.steps.current;
    this.items.get(this.marked)?.item.setAttribute("aria-current", "step");
  }

  rest() {
    for (const key of [...this.behind].slice(0, 20)) this.write(key);
    if (this.behind.size) later(() => this.rest());
  }

  write(key) {
    const found = this.items.get(key);
    if (!found) return;
    this.behind.delete(key);
    const { item, places } = found;
    const done = this.steps.isDone(key);
    item.classList.toggle("waiting", !done);
    fill(places, this.model, () => done);
  }

  /** Bring the current step to where it is seen, within its list. */
  show(list, smooth) {
    const found = this.items.get(this.steps.current);
    if (!found) return;
    const { item } = found;
    const scroll = (behavior) => {
      list.scrollTo({ top: item.offsetTop - Math.max(0, list.clientHeight - item.clientHeight) / 3, behavior });
    };
    scroll(smooth ? "smooth" : "instant");
    const settle = (waits) => {
      const [own, around] = [item.getBoundingClientRect(), list.getBoundingClientRect()];
      if (own.top < around.top || own.bottom > around.bottom) scroll("instant");
      if (waits.length) this.settling = setTimeout(settle, waits[0], waits.slice(1));
    };
    clearTimeout(this.settling);
    this.settling = setTimeout(settle, smooth ? SMOOTH : SETTLING[0], SETTLING);
  }
}

/** The places for numbers within an element. */
export function placesIn(item) {
  const places = [];
  for (const kind of KINDS) {
    for (const element of item.querySelectorAll(`mn[data-${kind}]`)) {
      places.push({ element, kind, number: Number(element.dataset[kind]), bracket: needsBrackets(element) });
    }
  }
  return { item, places };
}

/** Fill places with the numbers of a model; nothing where they are not known yet. knows: whether one of a kind is. */
export function fill(places, model, knows) {
  const by = { v: model.data, g: model.gradients, s: model.slopes, p: model.shares };
  for (const { element, kind, number, bracket } of places) {
    const value = by[kind][number];
    const done = knows(kind, number);
    let text = done ? shown(value) : "\u2026";
    if (done && bracket && (value < 0 || text.includes("e"))) text = `(${text})`;
    if (element.textContent !== text) element.textContent = text;
  }
}

/** Whether a negative number there stands behind a sign, or below an exponent. */
function needsBrackets(element) {
  if (element.parentElement.localName === "msup") return element.parentElement.firstElementChild === element;
  const before = element.previousElementSibling;
  return Boolean(before && before.localName === "mo" && !"=(".includes(before.textContent));
}

function later(work) {
  if ("requestIdleCallback" in window) window.requestIdleCallback(work);
  else setTimeout(work, 0);
}
