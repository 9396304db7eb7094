// What a step has made, for those who hear the page.

import { inOrder, shown } from "./format.js";
import { told } from "./graph.js";

/** The words of the current step: its place, and its value, or what has come to the gradients of what it is made of. */
export function spoken(model, steps) {
  const { lesson, edges } = model;
  const key = steps.current;
  if (!key) return "";
  const name = (node) => inOrder(lesson.nodes[node].name);
  const slope = (node) => `\u2202${name(lesson.output)}/\u2202${name(node)} = ${told(model, steps, node, steps.arrived(node)).slope}`;
  const node = Number(key.slice(1));
  let words;
  if (key === "start") words = slope(lesson.output);
  else if (key.startsWith("f")) words = `${name(node)} = ${shown(model.data[node])}`;
  else words = [...new Set(lesson.stepOf[node].edges.map((edge) => edges[edge][0]))].map(slope).join(", ");
  return `${steps.place} / ${steps.keys.length}: ${words}`;
}
