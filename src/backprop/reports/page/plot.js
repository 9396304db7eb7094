// A plot with axes, ticks and labels, in SVG.

import { shown } from "./format.js";

const ROOM = { left: 62, right: 14, top: 10, bottom: 40 };
const DOTS = 150; // a way of more points has no dots

export class Plot {
  /** svg: where to. x, y: {low, high, name} of the axes. */
  constructor(svg, x, y) {
    this.width = Math.max(240, svg.clientWidth || 480);
    this.height = Math.round(Math.min(380, Math.max(220, 0.62 * this.width)));
    svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    svg.replaceChildren();
    this.svg = svg;
    this.xAxis = padded(x);
    this.yAxis = padded(y);
    this.left = ROOM.left;
    this.right = this.width - ROOM.right;
    this.top = ROOM.top;
    this.bottom = this.height - ROOM.bottom;
    this.ground = this.group("ground");
    this.axes();
    this.front = this.group("front");
  }

  x(number) {
    return this.left + part(this.xAxis, number) * (this.right - this.left);
  }

  y(number) {
    return this.bottom - part(this.yAxis, number) * (this.bottom - this.top);
  }

  /** The numbers of a place in the picture. */
  numbersAt(x, y) {
    const { xAxis, yAxis } = this;
    const across = (x - this.left) / (this.right - this.left);
    const up = (this.bottom - y) / (this.bottom - this.top);
    if (!(across >= 0 && across <= 1 && up >= 0 && up <= 1)) return null;
    return [xAxis.low + across * (xAxis.high - xAxis.low), yAxis.low + up * (yAxis.high - yAxis.low)];
  }

  group(name) {
    return this.draw("g", { class: name }, this.svg);
  }

  draw(kind, attributes, into = this.front, text = "") {
    const made = document.createElementNS(this.svg.namespaceURI, kind);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    into.append(made);
    return made;
  }

  axes() {
    const group = this.group("axes");
    for (const number of ticks(this.xAxis, Math.max(4, Math.floor(this.width / 75)))) {
      const x = round(this.x(number));
      this.draw("path", { d: `M${x} ${this.top}V${this.bottom + 4}` }, group);
      this.draw("text", { x, y: this.bottom + 18, class: "across" }, group, shown(number));
    }
    for (const number of ticks(this.yAxis, 5)) {
      const y = round(this.y(number));
      this.draw("path", { d: `M${this.left - 4} ${y}H${this.right}` }, group);
      this.draw("text", { x: this.left - 7, y: y + 4, class: "up" }, group, shown(number));
    }
    const frame = `M${this.left} ${this.top}V${this.bottom}H${this.right}`;
    this.draw("path", { d: frame, class: "frame" }, group);
    this.draw("text", { x: (this.left + this.right) / 2, y: this.height - 4, class: "across name" }, group, this.xAxis.name);
    const middle = (this.top + this.bottom) / 2;
    const turned = `rotate(-90 12 ${middle})`;
    this.draw("text", { x: 12, y: middle, transform: turned, class: "across name" }, group, this.yAxis.name);
  }

  /** A line through points [x, y]; where one is not finite, or far outside, it is broken. */
  line(points, name, into = this.front) {
    let path = "";
    let goes = false;
    const far = 4 * this.height;
    for (const [one, other] of points) {
      const x = this.x(one);
      const y = this.y(other);
      const isKnown = Number.isFinite(x) && Number.isFinite(y) && Math.abs(y) < far;
      if (isKnown) path += `${goes ? "L" : "M"}${round(x)} ${round(y)}`;
      goes = isKnown;
    }
    if (path) this.draw("path", { d: path, class: name }, into);
  }

  /** The way of a descent: a line, dots, a square where it began and a disc where it is. */
  way(points) {
    this.front.replaceChildren();
    this.line(points, "way");
    const [first, last] = [points[0], points.at(-1)];
    if (points.length <= DOTS) for (const each of points.slice(1, -1)) this.dot(each, 2.5, "dot");
    const [x, y] = [this.x(first[0]), this.y(first[1])];
    if (points.length > 1 && Number.isFinite(x) && Number.isFinite(y)) {
      this.draw("rect", { x: round(x - 4.5), y: round(y - 4.5), width: 9, height: 9, class: "start" });
    }
    this.dot(last, 5.5, "now");
  }

  dot([x, y], r, name) {
    const [cx, cy] = [this.x(x), this.y(y)];
    if (Number.isFinite(cx) && Number.isFinite(cy)) this.draw("circle", { cx: round(cx), cy: round(cy), r, class: name });
  }
}

/** An axis that is not of no length. */
function padded({ low, high, name }) {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low > 1e-12 * size) return { low, high, name };
  const half = 0.05 * size || 1;
  return { low: low - half, high: high + half, name };
}

/** How far a number is along an axis; halves, since a difference may be too large for a number. */
function part({ low, high }, number) {
  return (number / 2 - low / 2) / (high / 2 - low / 2);
}

/** About so many round numbers on an axis. */
export function ticks({ low, high }, count) {
  const about = high / count - low / count;
  const power = 10 ** Math.floor(Math.log10(about));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= about * 0.999);
  const found = [];
  if (!(step > 0 && Number.isFinite(step))) return found;
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + 1e-9 * step && found.length < 50; at++) {
    found.push(Number((at * step).toPrecision(12)) + 0);
  }
  return found;
}

export function round(number) {
  return Math.round(number * 10) / 10;
}
