// A descent on the inputs: its numbers, step by step, as the command descend has them.

const FAR_UP = 1e6; // a rise by so many times the size of the first value is no way down
const FAR_DOWN = 1e12; // and a fall by so many times it has no end
const STILL = 30; // so many steps that change nothing beyond rounding are the last
const LATELY = 50; // so many of the last steps tell whether it settles
const ROUNDED = 2 ** -52;
const KEPT = 4000; // so many points are kept at most

export class Descent {
  /** updates: functions of x, g, k, lr and the state, by the name of the optimizer. */
  constructor(model, updates) {
    this.model = model;
    this.updates = updates;
    this.rows = model.lesson.descent.optimizers;
    this.sign = model.lesson.descent.climbs ? -1 : 1;
    this.controls = model.lesson.controls;
    this.nodes = this.controls.map((control) => control.node);
    this.kept = Math.max(100, Math.min(KEPT, Math.floor(1e6 / this.nodes.length)));
    this.optimizer = Object.keys(this.rows)[0];
    this.begin();
  }

  /** Begin where the inputs of the page are now. */
  begin() {
    const { inputs } = this.model;
    this.origin = this.controls.map((control) => inside(control, inputs.get(control.node)));
    this.again(this.origin);
  }

  /** Begin at a point, with nothing kept of what was. */
  again(x) {
    this.x = x;
    this.number = 0;
    this.still = 0;
    this.rose = false;
    this.swing = 0;
    this.moved = true;
    this.last = null;
    this.cause = "";
    this.path = [];
    this.every = 1;
    this.forget();
    this.look(this.at(this.x));
  }

  /** Begin with another optimizer, where the descent is. */
  choose(optimizer) {
    this.optimizer = optimizer;
    this.again(this.x);
  }

  /** What the optimizer keeps from step to step, as it is before the first. */
  forget() {
    this.k = 0;
    const { state } = this.rows[this.optimizer];
    this.state = Object.fromEntries(Object.entries(state).map(([name, first]) => [name, this.x.map(() => first)]));
  }

  /** Value and gradient at a point. */
  at(x) {
    const found = this.model.at(this.pairs(x));
    return { value: found.value, slopes: this.nodes.map((node) => found.gradients[node]) };
  }

  pairs(x = this.x) {
    return this.nodes.map((node, at) => [node, x[at]]);
  }

  look(found) {
    this.value = found.value;
    this.slopes = found.slopes;
    if (this.number === 0) this.first = found.value;
    if (this.number % this.every === 0) this.path.push(this.point);
    if (this.path.length > this.kept) {
      this.every *= 2;
      this.path = this.path.filter((_, at) => at % 2 === 0);
    }
  }

  get point() {
    return { number: this.number, value: this.value, x: this.x };
  }

  /** The points of the way that are kept, and the last one. */
  get way() {
    return this.path.at(-1).number === this.number ? this.path : [...this.path, this.point];
  }

  /** Take a step; whether there was one. If not, `cause` says why. */
  step(rate) {
    const row = this.rows[this.optimizer];
    const update = this.updates[this.optimizer];
    if (!(Number.isFinite(this.value) && this.slopes.every(Number.isFinite))) return this.stop("no_slope");
    const gradient = this.slopes.map((slope) => slope * this.sign);
    const keys = Object.keys(row.state);
    const k = this.k + 1;
    const made = this.x.map((x, at) => update(x, gradient[at], k, rate, ...keys.map((key) => this.state[key][at])));
    const next = made.map((numbers, at) => inside(this.controls[at], numbers[row.x]));
    const found = next.every(Number.isFinite) ? this.at(next) : { value: NaN, slopes: [] };
    if (found.value * this.sign === -Infinity) return this.stop("endless");
    if (!(Number.isFinite(found.value) && found.slopes.every(Number.isFinite))) return this.stop("not_finite");
    this.last = { optimizer: this.optimizer, number: this.number + 1, x: this.x, gradient, k, rate, state: this.state, made, next };
    this.state = Object.fromEntries(keys.map((key) => [key, made.map((numbers) => numbers[row.kept[key]])]));
    this.k = k;
    const change = (found.value - this.value) * this.sign;
    const rounding = ROUNDED * Math.max(Math.abs(found.value), Math.abs(this.first));
    this.still = Math.abs(change) > rounding ? 0 : this.still + 1;
    this.moved = next.some((x, at) => x !== this.x[at]);
    this.rose = change > rounding;
    this.swing += ((this.rose ? 1 : 0) - this.swing) / LATELY;
    this.x = next;
    this.number += 1;
    this.cause = "";
    this.look(found);
    return true;
  }

  stop(cause) {
    this.cause = cause;
    return false;
  }

  /** Whether a run has gone on long enough; `cause` says why. */
  isOver() {
    const change = (this.value - this.first) * this.sign;
    const size = Math.max(1, Math.abs(this.first));
    if (change > FAR_UP * size && this.rose) this.cause = "diverges";
    else if (change < -FAR_DOWN * size && !this.rose) this.cause = "endless";
    else if (this.still >= STILL || (!this.moved && this.norm() === 0)) this.cause = "rest";
    return this.cause !== "";
  }

  /** The size of the gradient without what only pushes against a bound. */
  norm() {
    return Math.hypot(
      ...this.slopes.map((slope, at) => {
        const { least = -Infinity, most = Infinity } = this.controls[at];
        const down = slope * this.sign;
        return (this.x[at] <= least && down > 0) || (this.x[at] >= most && down < 0) ? 0 : slope;
      }),
    );
  }
}

/** A number moved to its bound where it lies beyond; what is no number stays that. */
function inside({ least = -Infinity, most = Infinity }, number) {
  if (number < least) return least;
  return number > most ? most : number;
}
