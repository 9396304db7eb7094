// Where the reader is in the two passes, and what is computed by then.

export class Steps {
  constructor(model) {
    const lesson = model.lesson;
    this.model = model;
    this.forward = lesson.steps.map((step) => `f${step.node}`);
    this.backward = lesson.steps.filter((step) => step.edges.length).reverse().map((step) => `b${step.node}`);
    this.keys = [...this.forward, "start", ...this.backward];
    this.place = this.keys.length;
    this.turn = new Map(this.keys.map((key, at) => [key, at + 1]));
    this.turnOf = new Map();
    for (const step of lesson.steps) {
      for (const edge of step.edges) this.turnOf.set(edge, this.turn.get(`b${step.node}`));
    }
    this.listeners = [];
    /** From which place to which one may go. */
    this.allowed = (from, to) => to;
  }

  listen(listener) {
    this.listeners.push(listener);
  }

  /** Go to a place: 0 is before all steps. */
  go(place) {
    const wanted = Math.max(0, Math.min(this.keys.length, place));
    const next = wanted > this.place ? this.allowed(this.place, wanted) : wanted;
    if (next === this.place) return;
    this.place = next;
    this.changed();
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  /** The step that was made last, "" before the first. */
  get current() {
    return this.place ? this.keys[this.place - 1] : "";
  }

  /** Whether a step has been made. */
  isDone(key) {
    return (this.turn.get(key) ?? 0) <= this.place;
  }

  /** Whether the value of a node is known: of inputs always. */
  hasData(node) {
    return this.isDone(`f${node}`);
  }

  hasEdge(edge) {
    return this.turnOf.has(edge) && this.turnOf.get(edge) <= this.place;
  }

  /** Whether a number is known of a kind: a value, a gradient, or, of an edge, a slope or what it adds. */
  knows(kind, number) {
    if (kind === "v") return this.hasData(number);
    return kind === "g" ? Boolean(this.arrived(number)?.whole) : this.hasEdge(number);
  }

  /** What has come to the gradient of a node: {sum, parts, whole}; null while that is nothing. */
  arrived(node) {
    if (node === this.model.lesson.output) {
      const done = this.isDone("start");
      return done ? { sum: 1, parts: 0, whole: true } : null;
    }
    const uses = this.model.lesson.used[node] ?? [];
    if (!uses.length) return this.isDone("start") ? { sum: this.model.gradients[node], parts: 0, whole: true } : null;
    const some = uses.filter((edge) => this.hasEdge(edge));
    if (!some.length) return null;
    if (some.length === uses.length) {
      return { sum: this.model.gradients[node], parts: some.length, whole: true };
    }
    const sum = some.reduce((total, edge) => total + this.model.shares[edge], 0);
    return { sum, parts: some.length, whole: false };
  }
}
