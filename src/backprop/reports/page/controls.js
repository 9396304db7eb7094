// Sliders and number fields of the inputs.

import { exact, shown } from "./format.js";

const TICKS = 200;
const FARTHEST = Number.MAX_VALUE / 2; // a slider's length is finite

export class Controls {
  constructor(root, model, steps) {
    this.model = model;
    this.steps = steps;
    this.rows = [];
    for (const row of root.querySelectorAll("[data-control]")) {
      const control = model.lesson.controls[Number(row.dataset.control)];
      const range = row.querySelector('input[type="range"]');
      const field = row.querySelector('input[type="number"]');
      const slope = row.querySelector(".slope");
      const bounds = { low: control.low, high: control.high };
      this.rows.push({ control, range, field, slope, bounds });
      range.addEventListener("input", ({ isTrusted }) => {
        const number = Number(range.value);
        this.move(control, isTrusted ? tidy(number, bounds) : number, range); // scripts mean what they give
      });
      field.addEventListener("input", () => {
        if (field.value.trim() !== "" && Number.isFinite(field.valueAsNumber)) {
          this.move(control, field.valueAsNumber, field);
        }
      });
      field.addEventListener("change", () => this.update());
    }
    this.update();
  }

  /** Give an input a number, within its bounds. */
  move(control, number, from) {
    this.typing = from;
    this.model.set([[control.node, within(control, number)]]);
    this.typing = null;
  }

  update() {
    const isDragged = this.typing?.type === "range";
    for (const { control, range, field, slope, bounds } of this.rows) {
      const value = this.model.inputs.get(control.node);
      // a number far out has made it long; under a finger it stays
      if (!isDragged && value >= control.low && value <= control.high) Object.assign(bounds, { low: control.low, high: control.high });
      if (value < bounds.low || value > bounds.high) {
        const far = Math.abs(value);
        bounds.low = Math.min(bounds.low, Math.max(control.least ?? -FARTHEST, value - far, -FARTHEST));
        bounds.high = Math.max(bounds.high, Math.min(control.most ?? FARTHEST, value + far, FARTHEST));
      }
      const step = (bounds.high - bounds.low) / TICKS;
      range.min = bounds.low;
      range.max = bounds.high;
      range.step = "any";
      range.dataset.step = step;
      if (Number(range.value) !== value) range.value = value;
      range.setAttribute("aria-valuetext", exact(value));
      slope.textContent = this.steps.knows("g", control.node) ? `grad ${shown(this.model.gradients[control.node])}` : "";
      if (this.typing !== field && field.valueAsNumber !== value) field.value = String(value);
    }
  }
}

/** A number of few digits beside that of a slider, or its end: a finger cannot tell 3.45 from 3.44963496683686. */
function tidy(number, { low, high }) {
  const power = Math.floor(Math.log10((high - low) / TICKS));
  const unit = 10 ** power;
  if (power < -300) return number;
  if (number - low < unit / 2) return low;
  return high - number < unit / 2 ? high : Number(`${Math.round(number / unit)}e${power}`);
}

/** Fields of numbers say so where something else is typed or put in: a browser leaves out the sign of 1/3, which would
 * be 13. said: what they say, with an example as this browser reads numbers. */
export function onlyNumbers(said) {
  const example = (0.5).toLocaleString(undefined, { numberingSystem: "latn" });
  const odd = new RegExp(`[^\\d.${example.includes(",") ? "," : ""}eE+\\-\\s]`);
  document.addEventListener("beforeinput", (event) => {
    const field = event.target;
    if (field.type !== "number") return;
    field.setCustomValidity("");
    const plain = (event.data ?? "").replaceAll("\u2212", "-"); // as the page itself writes it
    const isOdd = odd.test(plain);
    if (plain === (event.data ?? "") && !isOdd) return;
    event.preventDefault();
    if (!isOdd) return document.execCommand("insertText", false, plain);
    field.setCustomValidity(said.replace("{example}", example));
    field.reportValidity();
  });
  // what is left is a number again
  document.addEventListener("focusout", (event) => event.target.setCustomValidity?.(""));
}

/** A number within the bounds of an input. */
export function within(control, number) {
  return Math.min(control.most ?? Infinity, Math.max(control.least ?? -Infinity, number));
}
