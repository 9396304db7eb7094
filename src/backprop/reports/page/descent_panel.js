// The part of the page that descends: what its buttons do, its pictures, and what it tells.

import { within } from "./controls.js";
import { Descent } from "./descent.js";
import { explained } from "./explain.js";
import { exact, shown } from "./format.js";
import { curveOf, drawLevels, gridOf, levelsOf, rangeOf } from "./landscape.js";
import { Plot } from "./plot.js";

const RATES = [-4, -3, -2, -1, 0].flatMap((power) => [1, 2, 5].map((each) => Number(`${each}e${power}`))).concat(10);
const AT_ONCE = 1000; // steps of one run
const CALM = 100; // and of one without motion
const SWINGS = 0.2; // a run in which so many of the last steps rose does not settle
const WORK = { moving: 4e5, resting: 3e6 }; // numbers computed for a map
const FINEST = { moving: 60, resting: 140 }; // cells along a side

export class DescentPanel {
  constructor(root, model, updates, texts, calm) {
    this.root = root;
    this.at = (id) => root.querySelector(`#descend-${id}`);
    this.model = model;
    this.texts = texts;
    this.calm = calm;
    this.descent = new Descent(model, updates);
    /** Whether gradients are asked for. */
    this.isAsked = () => false;
    this.own = false;
    this.isOld = false;
    this.waiting = 0;
    this.resting = 0;
    this.running = 0;
    this.maps = "";
    this.output = model.lesson.nodes[model.lesson.output].name;
    this.names = this.descent.nodes.map((node) => model.lesson.nodes[node].name);
    this.axes();
    this.wire();
    this.show();
  }

  words(key, values) {
    return this.texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  /** The inputs of the map; of more than two a person chooses. */
  axes() {
    this.seen = this.names.length > 1 ? [0, 1] : [0];
    this.look();
    if (this.names.length < 3) return;
    this.selects = this.seen.map((chosen, place) => {
      const select = document.createElement("select");
      select.setAttribute("aria-label", this.texts[place ? "axis_up" : "axis_across"]);
      this.names.forEach((name, at) => {
        const option = document.createElement("option");
        option.value = at;
        option.textContent = name;
        select.append(option);
      });
      select.value = chosen;
      select.addEventListener("change", () => {
        const [one, other] = this.seen;
        const taken = Number(select.value);
        this.seen[place] = taken;
        if (taken === (place ? one : other)) this.seen[1 - place] = place ? other : one;
        this.selects.forEach((each, side) => (each.value = this.seen[side]));
        this.show();
      });
      return select;
    });
    this.at("axes").append(...this.selects, ` ${this.texts.axes_held}`);
  }

  /** See what the sliders of the file reach. */
  look() {
    this.views = this.descent.controls.map(({ low, high }) => ({ low, high }));
  }

  wire() {
    const { descent } = this;
    const rates = this.at("rates");
    Object.assign(rates, { min: 0, max: RATES.length - 1, step: 1 });
    this.follow();
    rates.addEventListener("input", () => {
      this.at("rate").value = RATES[rates.value];
      this.follow();
    });
    this.at("rate").addEventListener("input", () => this.follow());
    for (const id of ["rate", "rates", "optimizer"]) this.at(id).addEventListener("change", () => this.put([]));
    this.at("optimizer").addEventListener("change", () => {
      this.pause();
      this.fresh();
      descent.choose(this.at("optimizer").value);
      this.show();
      this.tell();
    });
    this.at("step").addEventListener("click", () => this.takeStep());
    this.at("run").addEventListener("click", () => (this.running ? this.end() : this.run()));
    this.at("reset").addEventListener("click", () => {
      this.pause();
      this.fresh();
      this.put(descent.pairs(descent.origin));
      descent.begin();
      this.look();
      this.show();
      this.tell();
    });
    this.at("map").addEventListener("click", (event) => this.place(event));
    this.root.addEventListener("toggle", () => {
      this.show();
      this.put([]); // the address says that it is open
    });
    window.addEventListener("resize", () => requestAnimationFrame(() => this.show()));
    this.model.listen(() => {
      if (this.own) return;
      this.pause();
      this.isOld = true;
      this.at("told").textContent = "";
      this.at("told").dataset.cause = "";
      if (this.root.open) this.later();
    });
  }

  /** What an address keeps. */
  get choices() {
    return { optimizer: this.descent.optimizer, rate: this.rate };
  }

  /** Take what an address says. */
  take({ optimizer, rate }) {
    const select = this.at("optimizer");
    if (rate > 0) this.at("rate").value = rate;
    if (optimizer !== select.value && [...select.options].some((option) => option.value === optimizer)) {
      select.value = optimizer;
      this.descent.choose(optimizer);
    }
    if (rate !== null || optimizer !== null) this.root.open = true;
    this.follow();
    this.show();
  }

  get rate() {
    const field = this.at("rate");
    return field.valueAsNumber > 0 && Number.isFinite(field.valueAsNumber) ? field.valueAsNumber : null;
  }

  /** The slider is where the field is. */
  follow() {
    const rate = this.rate;
    const slider = this.at("rates");
    this.at("rate").setAttribute("aria-invalid", rate === null);
    if (rate === null) return;
    const far = RATES.map((each) => Math.abs(Math.log(each / rate)));
    slider.value = far.indexOf(Math.min(...far));
    slider.setAttribute("aria-valuetext", exact(rate));
  }

  /** Give the page these numbers; that is no reason to begin anew. */
  put(pairs) {
    this.own = true;
    this.model.set(pairs);
    this.own = false;
  }

  /** Take a step, where it can be seen. */
  takeStep() {
    this.root.open = true;
    this.pause();
    this.advance(1);
    this.end();
  }

  /** Take so many steps; whether there are more to take. */
  advance(count) {
    this.fresh();
    const { descent, rate } = this;
    if (rate === null) descent.stop("no_rate");
    let goes = rate !== null;
    for (let at = 0; goes && at < count; at++) goes = descent.step(rate) && !descent.isOver();
    this.put(descent.pairs());
    return goes;
  }

  run() {
    this.at("run").setAttribute("aria-pressed", "true");
    this.at("told").textContent = "";
    this.at("told").dataset.cause = "";
    this.fresh();
    const { descent } = this;
    const first = descent.number;
    if (this.calm.matches) {
      if (this.advance(CALM)) this.rest();
      return this.end();
    }
    const next = () => {
      const done = descent.number - first;
      const goes = this.advance(Math.min(AT_ONCE - done, 1 + Math.floor(done / 40)));
      const isLong = descent.number - first >= AT_ONCE;
      if (goes && isLong) this.rest();
      if (!goes || isLong) return this.end();
      this.show(true);
      this.running = requestAnimationFrame(next);
    };
    this.running = requestAnimationFrame(next);
  }

  /** A run has gone on for long. */
  rest() {
    this.descent.cause = this.descent.swing > SWINGS ? "swings" : "pause";
  }

  pause() {
    cancelAnimationFrame(this.running);
    this.running = 0;
    this.at("run").setAttribute("aria-pressed", "false");
  }

  /** A step or a run is done. */
  end() {
    this.pause();
    this.show();
    this.tell();
  }

  /** Say where the descent is, and why it does not go on. */
  tell() {
    const { descent } = this;
    const smaller = Number((this.rate / 10).toPrecision(2));
    const numbers = { number: descent.number, next: descent.number + 1, first: shown(descent.first), rate: exact(smaller) };
    const values = { ...numbers, output: this.output, value: shown(descent.value), count: descent.number };
    const parts = descent.cause === "no_rate" ? [] : [this.words("descend_at", values)];
    if (descent.cause) parts.push(this.words(`descend_${descent.cause}`, values));
    else if (descent.rose) parts.push(this.texts[descent.sign > 0 ? "descend_rose" : "descend_fell"]);
    const told = this.at("told");
    told.textContent = parts.join(" ");
    told.dataset.cause = descent.cause;
  }

  /** Begin anew where inputs have moved. */
  fresh() {
    if (!this.isOld) return;
    this.isOld = false;
    this.descent.begin();
    this.look();
  }

  /** Draw in the next frame, and in full when all rests. */
  later() {
    cancelAnimationFrame(this.waiting);
    clearTimeout(this.resting);
    this.waiting = requestAnimationFrame(() => this.show(true));
    this.resting = setTimeout(() => this.show(), 250);
  }

  /** What other scripts may know. */
  state() {
    this.fresh();
    const { descent } = this;
    const inputs = Object.fromEntries(this.names.map((name, at) => [name, descent.x[at]]));
    return { step: descent.number, value: descent.value, inputs, optimizer: descent.optimizer, cause: descent.cause };
  }

  /** Tell the last step; not while its gradients are asked for. */
  explain() {
    const { last } = this.descent;
    const told = last && this.isAsked() ? this.texts.guess_hidden : this.texts.no_step;
    const isTold = last && !this.isAsked();
    this.at("explained").textContent = isTold ? explained(this.descent, (...of) => this.words(...of)).join("\n") : told;
  }

  /** Draw everything, where it can be seen. */
  show(moving = false) {
    this.fresh();
    const { descent } = this;
    this.at("reset").disabled = descent.number === 0;
    this.explain();
    if (!this.root.open) return;
    const way = descent.way;
    const values = way.map((each) => each.value);
    const known = values.filter(Number.isFinite);
    const steps = { low: 0, high: Math.max(10, descent.number), name: this.texts.steps };
    const curve = new Plot(this.at("curve"), steps, { low: least(known), high: most(known), name: this.output });
    this.at("count").textContent = this.words("descend_count", { number: descent.number, output: this.output, value: shown(descent.value) });
    curve.way(way.map(({ number, value }) => [number, value]));
    const told = { output: this.output, count: descent.number, first: shown(descent.first), value: shown(descent.value) };
    this.at("curve").setAttribute("aria-label", this.words("descend_curve_told", told));
    this.ground(way, moving);
  }

  /** Draw the ground and the way over it. */
  ground(way, moving) {
    const { descent, seen } = this;
    for (const at of seen) this.widen(at, way.map((each) => each.x[at]));
    const views = seen.map((at) => ({ ...this.views[at], name: this.names[at] }));
    const pace = moving ? "moving" : "resting";
    const cells = Math.max(12, Math.min(FINEST[pace], Math.floor(Math.sqrt(WORK[pace] / this.model.lesson.nodes.length))));
    const held = descent.x.filter((_, at) => !seen.includes(at));
    const map = this.at("map");
    const key = JSON.stringify([seen, views, held, cells, map.clientWidth]);
    if (seen.length > 1) {
      if (key !== this.maps) {
        this.plot = new Plot(map, views[0], views[1]);
        const grid = gridOf(this.model, seen.map((at) => descent.controls[at]), views[0], views[1], cells);
        drawLevels(this.plot, grid, levelsOf(grid));
      }
      this.plot.way(way.map(({ x }) => seen.map((at) => x[at])));
    } else if (seen.length) {
      const points = curveOf(this.model, descent.controls[0], views[0]);
      const range = rangeOf(points.map((each) => each[1]), way.map((each) => each.value));
      this.plot = new Plot(map, views[0], { ...range, name: this.output });
      this.plot.line(points, "level", this.plot.ground);
      this.plot.way(way.map(({ x, value }) => [x[0], value]));
    }
    this.maps = key;
    const now = this.names.slice(0, 6).map((name, at) => `${name} = ${shown(descent.x[at])}`).join(", ");
    map.setAttribute("aria-label", this.words("descend_map_told", { axes: views.map((each) => each.name).join(", "), now }));
  }

  /** A view reaches as far as the way. */
  widen(at, numbers) {
    const view = this.views[at];
    const known = numbers.filter(Number.isFinite);
    const [low, high] = [least(known), most(known)];
    if (low >= view.low && high <= view.high) return;
    const { least: bottom = -Infinity, most: top = Infinity } = this.descent.controls[at];
    const room = 0.25 * (Math.max(high, view.high) - Math.min(low, view.low));
    if (low < view.low) view.low = Math.max(bottom, low - room);
    if (high > view.high) view.high = Math.min(top, high + room);
  }

  /** A click on the map: begin there. */
  place(event) {
    const frame = this.at("map").getBoundingClientRect();
    const { plot, seen, descent } = this;
    if (!plot || !frame.width) return;
    const scale = plot.width / frame.width;
    const numbers = plot.numbersAt((event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale);
    if (!numbers) return;
    this.pause();
    const some = seen.map((at, axis) => within(descent.controls[at], Number(numbers[axis].toPrecision(4))));
    this.model.set(some.map((number, axis) => [descent.nodes[seen[axis]], number]));
  }
}

function least(numbers) {
  return numbers.reduce((one, other) => Math.min(one, other), Infinity);
}

function most(numbers) {
  return numbers.reduce((one, other) => Math.max(one, other), -Infinity);
}
