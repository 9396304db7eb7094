// The state of the page in the fragment of its address, so that a link shares it.

/** What a fragment says: {numbers by name, step}. */
export function stateOf(fragment) {
  const found = { numbers: new Map(), step: null };
  for (const part of fragment.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    if (at < 0) continue;
    const key = decode(part.slice(0, at));
    const text = decode(part.slice(at + 1));
    const number = Number(text);
    if (text.trim() === "" || Number.isNaN(number)) continue;
    if (key === "@step") found.step = number;
    else found.numbers.set(key, number);
  }
  return found;
}

/** The fragment of a state: what differs from the file, and where the reader is. */
export function fragmentOf(model, steps) {
  const parts = [];
  model.lesson.leaves.forEach((node, at) => {
    const value = model.inputs.get(node);
    if (value !== model.lesson.values[at]) parts.push(`${encodeURIComponent(model.lesson.nodes[node].name)}=${value}`);
  });
  if (steps.place < steps.keys.length) parts.push(`@step=${steps.place}`);
  return parts.length ? `#${parts.join("&")}` : "";
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
