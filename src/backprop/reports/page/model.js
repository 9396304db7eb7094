// The numbers of the page: those of the inputs, and what follows from them.

export class Model {
  /** lesson: what the page shows. numbers: the generated code, which computes it. */
  constructor(lesson, numbers) {
    this.lesson = lesson;
    this.numbers = numbers;
    this.edges = numbers.edges;
    this.inputs = new Map(lesson.leaves.map((node, at) => [node, lesson.values[at]]));
    this.listeners = [];
    this.compute();
  }

  /** Call something after every change. */
  listen(listener) {
    this.listeners.push(listener);
  }

  /** Give inputs other numbers: pairs of a node and its number. */
  set(pairs) {
    for (const [node, number] of pairs) this.inputs.set(node, number);
    this.compute();
    for (const listener of this.listeners) listener();
  }

  reset() {
    this.set(this.lesson.leaves.map((node, at) => [node, this.lesson.values[at]]));
  }

  compute() {
    this.data = this.numbers.forward(this.lesson.leaves.map((node) => this.inputs.get(node)));
    const found = this.numbers.backward(this.data);
    this.gradients = found.gradients;
    this.slopes = found.slopes;
    this.shares = found.shares;
    this.open = new Set(found.open);
    this.unfit = found.unfit;
  }

  /** The output at other numbers of the inputs: pairs of a node and its number. */
  outputAt(pairs) {
    const other = new Map([...this.inputs, ...pairs]);
    const data = this.numbers.forward(this.lesson.leaves.map((node) => other.get(node)));
    return data[this.lesson.output];
  }

  /** Value and gradients at other numbers of the inputs, as a descent takes them: as doubles give them, and
   * decided where these are not finite. */
  at(pairs) {
    const other = new Map([...this.inputs, ...pairs]);
    const data = this.numbers.forward(this.lesson.leaves.map((node) => other.get(node)));
    const plain = this.numbers.plain(data);
    const isKnown = pairs.every(([node]) => Number.isFinite(plain[node]));
    const gradients = isKnown ? plain : this.numbers.backward(data).gradients;
    return { value: data[this.lesson.output], gradients };
  }

  /** The output; none where a step that has a say has no finite value. */
  get value() {
    return this.unfit.length ? NaN : this.data[this.lesson.output];
  }

  /** Numbers by the names of the file. */
  byName(numbers) {
    const own = this.lesson.nodes.map((node, at) => [node, numbers[at]]).filter(([node]) => node.own);
    return Object.fromEntries(own.map(([node, number]) => [node.name, number])); // by assignment, __proto__ were lost
  }
}
