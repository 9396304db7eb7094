// The pictures of the graph: every step, or families, folded and opened one by one.

import { Families } from "./families.js";
import { Graph } from "./graph.js";

export class Pictures {
  /** at: gives an element by its id. */
  constructor(at, model, steps, texts) {
    this.at = at;
    this.graph = new Graph(at("graph"), model, steps);
    this.families = at("folded") ? new Families(at("folded"), model, steps, texts) : null;
    this.isWhole = false;
    this.listener = () => {};
    if (!this.families) return;
    at("fold").addEventListener("click", () => this.show([]));
    at("unfold").addEventListener("click", () => this.show([], true));
    this.show([]);
  }

  /** Call something after every change of what is opened. */
  listen(listener) {
    this.listener = listener;
  }

  /** The names of the families that are open. */
  get open() {
    return this.families?.open ?? [];
  }

  /** The picture that is seen. */
  get seen() {
    return this.at(this.families && !this.isWhole ? "folded" : "graph");
  }

  update() {
    this.graph.update();
    this.families?.update();
  }

  /** Take what an address says. */
  take({ open, whole }) {
    if (this.families) this.show(open, whole);
  }

  /** Show these families opened, or every step. */
  show(families, isWhole = false) {
    this.isWhole = isWhole;
    this.families.show(families);
    this.at("folded").toggleAttribute("hidden", isWhole);
    this.at("graph").toggleAttribute("hidden", !isWhole);
    this.changed();
  }

  /** Open or fold the family of a box; whether it has one. */
  toggle(box) {
    const isDone = this.families.toggle(box);
    if (isDone) this.changed();
    return isDone;
  }

  /** Show these nodes themselves. */
  reveal(nodes) {
    if (!this.families || this.isWhole) return;
    this.families.reveal(nodes);
    this.changed();
  }

  changed() {
    this.at("fold").setAttribute("aria-pressed", String(!this.isWhole && !this.open.length));
    this.at("unfold").setAttribute("aria-pressed", String(this.isWhole));
    this.listener();
  }
}
