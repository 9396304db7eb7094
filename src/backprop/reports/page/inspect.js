// What a click on a box or an arrow tells: the whole chain rule of a node, with the sum over its uses and the
// products along its paths; the rule of an arrow.

import { fill, placesIn } from "./derivation.js";
import { exact, inOrder, shown } from "./format.js";

const MOST_PATHS = 40;

export class Inspector {
  constructor(panel, list, model, texts) {
    this.panel = panel;
    this.list = list;
    this.model = model;
    this.texts = texts;
    this.about = null;
    /** Which numbers may be told. */
    this.knows = () => true;
  }

  /** Tell of a node. */
  node(node) {
    const { lesson } = this.model;
    const { name, title } = lesson.nodes[node];
    const head = element("h2", this.model.inputs.has(node) ? `${inOrder(name)} = ${exact(this.model.inputs.get(node))}` : title);
    const parts = [head];
    const uses = lesson.used[node] ?? [];
    if (node === lesson.output) {
      parts.push(element("p", this.knows("g", node) ? this.texts.output_itself : this.texts.guess_hidden));
    } else if (!uses.length) {
      parts.push(element("p", this.texts.no_part));
    } else {
      parts.push(element("p", this.words(uses.length === 1 ? "one_use" : "many_uses", { count: uses.length })));
      parts.push(this.lines(node, uses));
      parts.push(...this.paths(node));
    }
    this.open(parts, { node });
  }

  /** Tell of an arrow. */
  edge(edge) {
    const [tail, head] = this.model.edges[edge];
    const { lesson } = this.model;
    const step = lesson.stepOf[head];
    const title = `${inOrder(lesson.nodes[tail].name)} \u2192 ${inOrder(lesson.nodes[head].name)}`;
    const parts = [element("h2", title)];
    if (step.rule) parts.push(element("p", `${this.texts.rule}: ${step.rule}`));
    const line = this.line(edge);
    if (line) {
      const list = element("ul");
      list.append(line);
      parts.push(list);
    } else {
      parts.push(element("p", this.texts[lesson.nodes[tail].moves ? "no_slope" : "is_number"]));
    }
    this.open(parts, { edge });
  }

  /** The lines of the derivation in which edges add to the gradient of a node, and their sum. */
  lines(node, uses) {
    const list = element("ul");
    for (const edge of uses.toReversed()) list.append(this.line(edge));
    const sum = this.list.querySelector(`[data-sum="${node}"]`);
    if (sum && this.knows("g", node)) list.append(copyOf(sum));
    return list;
  }

  /** The line of an edge; not the formula of a derivative that a person is to find. */
  line(edge) {
    const line = this.list.querySelector(`[data-share="${edge}"]`);
    if (line && !this.knows("s", edge)) return element("li", this.texts.guess_hidden);
    return line ? copyOf(line) : null;
  }

  /** The paths from a node to the output, each with the product of its local derivatives. */
  paths(node) {
    const { lesson, edges, slopes } = this.model;
    const count = this.counts[node];
    const found = [];
    const waiting = [{ at: node, way: [] }];
    while (waiting.length && found.length < MOST_PATHS) {
      const { at, way } = waiting.pop();
      if (at === lesson.output) {
        found.push(way);
        continue;
      }
      for (const edge of lesson.used[at] ?? []) {
        if (this.counts[edges[edge][1]]) waiting.push({ at: edges[edge][1], way: [...way, edge] });
      }
    }
    const key = count > found.length ? "paths_more" : "paths";
    const title = element("h3", this.words(key, { count: found.length, all: counted(count) }));
    const list = element("ul");
    for (const way of found) {
      const names = [node, ...way.map((edge) => edges[edge][1])].map((each) => inOrder(lesson.nodes[each].name));
      const product = way.reduce((all, edge) => all * slopes[edge], 1);
      const told = (number, isKnown) => (isKnown ? shown(number) : "\u2026");
      const factors = way.map((edge, at) => {
        const text = told(slopes[edge], this.knows("s", edge));
        return slopes[edge] < 0 && at && text !== "\u2026" ? `(${text})` : text;
      });
      const text = factors.join(" \u00b7 ");
      const whole = told(product, way.every((edge) => this.knows("s", edge)));
      const item = element("li", `${names.join(" \u2192 ")}: `);
      item.append(element("span", factors.length > 1 ? `${text} = ${whole}` : text));
      list.append(item);
    }
    return [title, list];
  }

  /** Of every node how many paths lead from it to the output. */
  get counts() {
    if (!this.counted) {
      const { lesson, edges } = this.model;
      this.counted = lesson.nodes.map(() => 0n);
      this.counted[lesson.output] = 1n;
      for (let node = lesson.output - 1; node >= 0; node--) {
        for (const edge of lesson.used[node] ?? []) this.counted[node] += this.counted[edges[edge][1]];
      }
    }
    return this.counted;
  }

  words(key, values) {
    return this.texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  open(parts, about) {
    this.panel.querySelector(".told").replaceChildren(...parts);
    this.panel.hidden = false;
    this.about = about;
    this.mark();
    this.places = placesIn(this.panel).places;
    this.update();
  }

  close() {
    if (this.panel.contains(document.activeElement)) {
      [...document.querySelectorAll(".picture .inspected")].find((each) => each.getClientRects().length)?.focus();
    }
    this.panel.hidden = true;
    this.about = null;
    this.mark();
  }

  /** Mark in the pictures what is told of. */
  mark() {
    const { node, edge } = this.about ?? {};
    for (const each of document.querySelectorAll(".picture .inspected")) each.classList.remove("inspected");
    const kinds = node === undefined ? [`[data-edge="${edge}"]`] : [`[data-node="${node}"]`, `[data-members="${node}"]`];
    for (const each of document.querySelectorAll(kinds.map((kind) => `.picture ${kind}`).join())) each.classList.add("inspected");
  }

  /** Write the numbers again, of paths too. */
  refresh() {
    if (!this.about) return;
    this.panel.setAttribute("aria-live", "off"); // what was told once is not read again with every number
    if ("node" in this.about) this.node(this.about.node);
    else this.edge(this.about.edge);
  }

  update() {
    fill(this.places, this.model, this.knows);
  }
}

/** A count with its digits in threes, or of very many about how many. */
function counted(count) {
  const text = String(count);
  return text.length > 24 ? `\u2248 ${shown(Number(count))}` : text.replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function element(kind, text = "") {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

function copyOf(line) {
  const copy = line.cloneNode(true);
  copy.removeAttribute("id");
  return copy;
}
