// The state of the page in the fragment of its address, so that a link shares it.

const ASKED = ["", "gradient", "local"]; // what guess mode asks for, by its number

/** What a fragment says: {numbers by name, step, guess, optimizer, rate, open: families, whole, table, row}. */
export function stateOf(fragment) {
  const found = { numbers: new Map(), step: null, guess: "", optimizer: null, rate: null, open: [], whole: false, table: false, row: null };
  for (const part of fragment.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    if (at < 0) continue;
    const key = decode(part.slice(0, at));
    const text = decode(part.slice(at + 1));
    if (key === "@optimizer") found.optimizer = text;
    if (key === "@open") found.open.push(text);
    const number = Number(text);
    if (text.trim() === "" || !Number.isFinite(number)) continue;
    if (key === "@open") continue;
    if (key === "@whole") found.whole = number === 1;
    else if (key === "@table") found.table = number === 1;
    else if (key === "@row") found.row = number;
    else if (key === "@step") found.step = Math.round(number);
    else if (key === "@guess") found.guess = ASKED[number] ?? "";
    else if (key === "@rate") found.rate = number;
    else found.numbers.set(key, number);
  }
  return found;
}

/** The fragment of a state: what differs from the file, where the reader is, what is guessed, what is
 * opened, and how an open descent goes. */
export function fragmentOf(model, steps, guess, descent, pictures, table, rows) {
  const parts = [];
  model.lesson.leaves.forEach((node, at) => {
    const value = model.inputs.get(node);
    if (rows?.has(node)) return;
    if (value !== model.lesson.values[at]) parts.push(`${encodeURIComponent(model.lesson.nodes[node].name)}=${value}`);
  });
  if (rows && rows.row !== 1) parts.push(`@row=${rows.row}`);
  if (steps.place < steps.keys.length) parts.push(`@step=${steps.place}`);
  if (guess.isOn) parts.push(`@guess=${ASKED.indexOf(guess.what)}`);
  if (pictures.isWhole) parts.push("@whole=1");
  else for (const family of pictures.open) parts.push(`@open=${encodeURIComponent(family)}`);
  if (table.root.open) parts.push("@table=1");
  if (descent?.root.open) {
    const { optimizer, rate } = descent.choices;
    parts.push(`@optimizer=${encodeURIComponent(optimizer)}`);
    if (rate !== null) parts.push(`@rate=${rate}`);
  }
  return parts.length ? `#${parts.join("&")}` : "";
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
