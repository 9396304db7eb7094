// Random numbers for the inputs, of two digits, as an exercise has them.

import { within } from "./controls.js";

const TRIES = 50;

/** Pairs of a node and its number, at which the output and its gradient are finite; none where none is found. */
export function randomInputs(model) {
  for (let at = 0; at < TRIES; at++) {
    const pairs = model.lesson.controls.map((control) => [control.node, within(control, between(control))]);
    const { value, gradients } = model.at(pairs);
    if (Number.isFinite(value) && pairs.every(([node]) => Number.isFinite(gradients[node]))) return pairs;
  }
  return [];
}

/** A number of a slider's range. */
function between({ low, high }) {
  const far = Math.max(Math.abs(low), Math.abs(high));
  const unit = 10 ** (Math.floor(Math.log10(far)) - 1); // of the second digit of the largest
  return Number((Math.round((low + Math.random() * (high - low)) / unit) * unit).toPrecision(2));
}
