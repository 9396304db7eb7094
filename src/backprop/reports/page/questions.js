// What is asked before a backward step, what is right, and what a wrong answer may come from.

import { isNumber, lostIn, read } from "./answers.js";

const LOOSE = 4; // a power or an exponential makes more of what its operand is off by
const LOOSEST = 0.02;
const BIT = 2 ** -51;

export class Questions {
  /** mistakes: the table of `check`: its rows, their names for numbers, and their claims as functions. */
  constructor(model, steps, mistakes) {
    this.model = model;
    this.steps = steps;
    this.mistakes = mistakes;
  }

  /** The questions of a step; of a local derivative, or of gradients: of a node with several uses what each
   * of them adds, and with the last one the sum. The first one is what the pass begins with. */
  of(key, what) {
    const { lesson, edges } = this.model;
    const { output } = lesson;
    if (key === "start") return what === "local" ? [] : [{ kind: "seed", key: "seed", edge: null, node: output, step: output, use: 0 }];
    if (!key.startsWith("b")) return [];
    const own = lesson.stepOf[key.slice(1)].edges;
    const turn = this.steps.turn.get(key);
    const found = [];
    for (const edge of own) {
      const [node, step] = edges[edge];
      const about = { edge, node, step, use: lesson.asks[edge].use };
      const uses = lesson.used[node];
      if (what === "local") found.push({ kind: "local", key: `s${edge}`, ...about });
      else if (uses.length === 1) found.push({ kind: "gradient", key: `g${node}`, ...about });
      else {
        found.push({ kind: "share", key: `p${edge}`, ...about });
        const isLast = own.findLast((each) => edges[each][0] === node) === edge;
        if (isLast && uses.every((each) => this.steps.turnOf.get(each) <= turn)) {
          found.push({ kind: "sum", key: `g${node}`, ...about, use: 0 });
        }
      }
    }
    return found.filter((question) => Number.isFinite(this.right(question)));
  }

  right({ kind, edge, node }, numbers = this.model) {
    if (kind === "local") return numbers.slopes[edge] + 0;
    return (kind === "share" ? numbers.shares[edge] : numbers.gradients[node]) + 0;
  }

  /** Whether an answer is right: to its digits, and as far as the numbers tell that it is made of, as they are
   * shown. What rounding does not tell from 0 is 0. */
  isRight(question, text) {
    const right = this.right(question);
    if (isNumber(text, right, this.looseness(question))) return true;
    return read(text) === 0 && Math.abs(right) <= this.noise(question);
  }

  looseness(question) {
    const { data, gradients, shares, edges, lesson } = this.model;
    const { node, step, kind } = question;
    if (kind === "seed") return 0;
    const made = [data[step], ...edges.filter(([, head]) => head === step).map(([tail]) => data[tail])];
    if (kind !== "local") made.push(gradients[step]);
    if (kind === "sum") made.push(...lesson.used[node].map((each) => shares[each]));
    return Math.min(LOOSEST, LOOSE * made.map(lostIn).reduce((all, each) => all + each, 0));
  }

  /** How far the last digits of the inputs, and those of a sum, move what is right. */
  noise(question) {
    const { lesson, inputs, numbers, shares } = this.model;
    const right = this.right(question);
    const moved = [1, -1].map((sign) => {
      const leaves = lesson.leaves.map((node, at) => inputs.get(node) * (1 + (at % 2 ? sign : 1) * BIT));
      return Math.abs(this.right(question, numbers.backward(numbers.forward(leaves))) - right);
    });
    const sum = question.kind === "sum" ? lesson.used[question.node].map((each) => Math.abs(shares[each])) : [];
    return Math.max(...moved, sum.reduce((all, each) => all + each, 0) * BIT);
  }

  /** The simplest mistake that gives what was answered: {row, words}, or null. */
  mistake(question, text) {
    const loose = this.looseness(question);
    const found = [...this.suspects(question)].filter(({ value }) => isNumber(text, value, loose));
    return found.reduce((best, each) => (best && best.row.rank <= each.row.rank ? best : each), null);
  }

  *suspects(question) {
    const { model } = this;
    const { data, gradients, slopes, shares, edges, lesson } = model;
    const { edge, node, step, kind } = question;
    const right = this.right(question);
    const name = (of) => lesson.nodes[of].name;
    const by = (of, what) => `\u2202${name(of)}/\u2202${name(what)}`;
    const about = { by: by(lesson.output, node), upper: by(lesson.output, step), lower: by(step, node) };
    yield* this.made(kind === "seed" ? "sign" : "whole", { right }, about);
    yield* this.made("zero", { right }, about);
    const seen = kind === "local" ? [node, step] : [node, step, lesson.output];
    for (const each of new Set(seen)) yield* this.made("value", { right, value: data[each] }, { ...about, node: name(each) });
    if (kind === "seed") return;
    if (kind === "local") yield* this.made("with upstream", { upstream: gradients[step], local: right }, about);
    if (kind === "share") yield* this.made("all shares", { right, rest: gradients[node] - right }, about);
    for (const each of kind === "sum" ? lesson.used[node] : [edge]) {
      const head = edges[each][1];
      const isLocal = kind === "local";
      const upstream = isLocal ? 1 : gradients[head];
      const rest = kind === "sum" ? right - shares[each] : 0;
      const numbers = { right, rest, upstream, local: slopes[each], value: data[head] };
      const words = { ...about, upper: by(lesson.output, head), lower: by(head, node), step: name(head), operand: name(node) };
      if (kind === "gradient" || kind === "share") yield* this.made("meeting", { above: upstream, below: slopes[each] }, words);
      for (const other of lesson.stepOf[head].edges) {
        const tail = edges[other][0];
        if (tail !== node) yield* this.made("other", { ...numbers, other: slopes[other] }, { ...words, other: by(head, tail) });
      }
      if (!isLocal) yield* this.made("edge", numbers, words);
      for (const [factor, row] of lesson.asks[each].factors) {
        yield* this.made(row, { ...numbers, factor: data[factor] }, { ...words, factor: name(factor) });
      }
    }
  }

  /** What the rows give that are tried for something, or the row of a name. */
  *made(what, numbers, words) {
    const { rows, names, gives } = this.mistakes;
    for (const row of rows.filter(({ name, tried }) => name === what || tried === what)) {
      const [value, isMistake] = gives[row.name](...names.map((name) => numbers[name] ?? NaN));
      if (isMistake && Number.isFinite(value)) yield { row, value, words };
    }
  }
}
