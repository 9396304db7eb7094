// Drives an interactive page as a hand would, and tells what it shows: tests/driven_pages.py hands over a plan,
// and says what has to come out. A body of a function: arguments are the plan and what is called at the end.

const [plan, done] = arguments;
const at = (id) => document.getElementById(id);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const text = (id) => (at(id)?.checkVisibility() ? at(id).textContent : "");
const press = (id) => at(id).click();
const isPressed = (id) => at(id).getAttribute("aria-pressed") === "true";
const wait = (time) => new Promise((go) => setTimeout(go, time));
const click = (element) => element.dispatchEvent(new MouseEvent("click", { bubbles: true }));
const isSeen = (element) => element.checkVisibility() && element.getClientRects().length > 0;
const numbers = () => [window.backprop.values(), window.backprop.gradients()];

function key(name) {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
}

function change(input, value, kind = "input") {
  input.value = value;
  input.dispatchEvent(new Event(kind, { bubbles: true }));
}

const boxes = all("#graph .box");

/** What boxes show: by node, value and gradient. */
function shown() {
  return Object.fromEntries(boxes.map((box) => {
    return [box.dataset.node, ["data", "grad"].map((role) => box.querySelector(`[data-role="${role}"]`).textContent)];
  }));
}

/** What arrows show: by edge. */
const onArrows = () => Object.fromEntries(all("#graph .arrow").map((arrow) => [arrow.dataset.edge, arrow.querySelector("text").textContent]));

function within(element, frame) {
  const [own, around] = [element.getBoundingClientRect(), frame.getBoundingClientRect()];
  const isWide = own.width <= around.width;
  return own.top >= around.top - 1 && own.bottom <= around.bottom + 1 && (!isWide || (own.left >= around.left - 1 && own.right <= around.right + 1));
}

/** Where the reader is, and what is lit. */
function place() {
  const current = all("[aria-current=step]");
  return {
    place: Number(at("place").value),
    steps: current.map((line) => line.dataset.step),
    line: current.map((line) => line.textContent).join(),
    seen: current.every((line) => within(line, at("derivation"))),
    boxes: all("#graph .box.lit").map((box) => box.dataset.node),
    arrows: all("#graph .arrow.lit").map((arrow) => arrow.dataset.edge),
    folded: all("#folded > .lit").map((box) => box.dataset.members),
    inPicture: all(".picture .box.lit").filter(isSeen).every((box) => within(box, at("graph").parentElement)),
    waiting: all("#derivation > .waiting").length,
    disabled: ["step", "back"].filter((id) => at(id).disabled),
    shown: shown(),
  };
}

/** Each step, forward and backward. */
async function steps() {
  press("reset");
  const found = [place()];
  const last = Number(at("place").max);
  for (let count = 0; count < last; count++) {
    press("step");
    const isAwaited = count % Math.ceil(last / 4) === 2; // the list draws what comes near
    for (let tries = 0; isAwaited && tries < 60 && !(place().seen && place().inPicture); tries++) await wait(10);
    found.push({ ...place(), isAwaited });
  }
  return found;
}

/** Buttons, keys, the bar and play lead to the same places. */
async function ways() {
  const last = Number(at("place").max);
  const found = {};
  const here = () => [Number(at("place").value), JSON.stringify(shown())];
  press("reset");
  found.reset = here();
  press("forward");
  found.forward = here();
  key("ArrowRight");
  found.right = here();
  key("ArrowLeft");
  found.left = here();
  press("back");
  found.back = here();
  press("backward");
  found.backward = here();
  key("Home");
  found.home = here();
  key("End");
  found.end = here();
  const bar = Math.floor(last / 2);
  change(at("place"), bar);
  found.bar = here();
  click(all("#derivation > [data-step]")[1]);
  found.line = here();
  at("speed").value = 4;
  at("speed").dispatchEvent(new Event("input", { bubbles: true }));
  change(at("place"), last - 2);
  key(" ");
  found.plays = isPressed("play");
  for (let count = 0; isPressed("play") && count < 300; count++) await wait(10);
  found.played = [...here(), isPressed("play")];
  press("play");
  found.again = [Number(at("place").value), isPressed("play")];
  press("play");
  found.paused = isPressed("play");
  press("backward");
  return found;
}

/** What a click on each box, and on each arrow, tells. */
function told() {
  at("unfold")?.click();
  const tell = (element) => {
    click(element);
    const panel = at("inspector");
    const { bottom, top } = panel.getBoundingClientRect();
    return {
      head: panel.querySelector(".told h2").textContent,
      words: all(".told > p", panel).map((each) => each.textContent),
      lines: all(".told ul", panel)[0] ? all(":scope > li", all(".told ul", panel)[0]).map((each) => each.textContent) : [],
      paths: all(".told > ul:last-child:not(:first-of-type) li", panel).map((each) => each.textContent),
      marked: all("#graph .inspected").map((one) => one.dataset.node ?? one.dataset.edge),
      seen: top < window.innerHeight && bottom > 0,
    };
  };
  const found = { boxes: {}, arrows: {} };
  for (const box of boxes) found.boxes[box.dataset.node] = tell(box);
  for (const arrow of all("#graph .arrow")) found.arrows[arrow.dataset.edge] = { ...tell(arrow), label: arrow.getAttribute("aria-label") };
  key("Escape");
  found.isClosed = at("inspector").hidden && !document.querySelector(".inspected");
  window.scrollTo(0, 0);
  return found;
}

/** A pass in which is guessed. */
async function guess(what) {
  press("guess");
  change(at("guess-what"), what, "change");
  press("guess-again");
  const found = { asked: [], told: [], blank: [] };
  const answer = (typed) => {
    at("answer").value = typed;
    press("try");
    found.told.push([typed, text("told"), at("told").className]);
  };
  const name = () => text("asked").replace(/ = \?$|: how much\?$|: wie viel\?$/, "");
  const asks = () => text("asked") !== "";
  for (let count = 0; asks() && count < 500; count++) {
    const asked = name();
    const box = document.querySelector("#graph .box.asked");
    found.asked.push(asked);
    found.blank.push(what === "local" || box === null ? "" : box.querySelector('[data-role="grad"]').textContent);
    const right = plan.answers[what][asked];
    if (right === undefined) break;
    if (count < 2) for (const wrong of [Number(right) ? String(-right) : "0.77", "7.7e77"]) answer(wrong);
    if (count === 2) press("show");
    else answer(right);
  }
  found.score = text("score");
  found.between = text("between");
  let blob = null;
  const create = URL.createObjectURL;
  URL.createObjectURL = (given) => {
    blob = given;
    return create.call(URL, given);
  };
  press("guess-save");
  URL.createObjectURL = create;
  found.saved = await blob.text();
  press("guess");
  found.isOff = !isPressed("guess") && at("guessing").hidden;
  return found;
}

/** A descent: steps of each optimizer, a run, and a rate that is too large. */
async function descend() {
  const state = () => window.backprop.descent();
  const rate = (number) => change(at("descend-rate"), number);
  const count = (selector) => all(selector).length;
  press("reset");
  at("descent").open = true;
  await wait(0);
  const found = { steps: [], huge: {} };
  for (const [optimizer, number, steps] of plan.descents) {
    press("reset");
    change(at("descend-optimizer"), optimizer, "change");
    rate(number);
    for (let step = 0; step < steps; step++) press("descend-step");
    found.steps.push({ ...state(), explained: at("descend-explained").textContent, told: text("descend-told"), values: window.backprop.values() });
  }
  const frame = at("descend-map").getBoundingClientRect();
  found.drawn = {
    curve: count("#descend-curve .way") + count("#descend-curve .now"),
    map: count("#descend-map .now"),
    ground: count("#descend-map .level"),
    names: all("#descend-map .name").map((each) => each.textContent),
    heights: all("#descend-map .height").map((each) => [each.textContent, Number(each.getAttribute("x")), Number(each.getAttribute("y")) - 4]),
    ticks: ["across", "up"].map((kind) => all(`#descend-map .axes .${kind}:not(.name)`).map((each) => [each.textContent, Number(each.getAttribute(kind === "across" ? "x" : "y"))])),
    size: [frame.width, frame.height],
    odd: /NaN|Infinity/.test(at("descent").innerHTML),
  };
  found.at = window.backprop.values();
  press("reset");
  change(at("descend-optimizer"), "adam", "change");
  rate(0.01);
  press("descend-run"); // without motion a hundred steps
  found.run = { ...state(), isPressed: isPressed("descend-run") };
  for (const number of plan.rates) {
    press("reset");
    change(at("descend-optimizer"), "gd", "change");
    rate(number);
    press("descend-run");
    found.huge[number] = { ...state(), told: text("descend-told") };
  }
  press("descend-reset");
  press("reset");
  found.back = window.backprop.values();
  at("descent").open = false;
  return found;
}

/** Controls that are covered where a finger would hit them, or too small for it. */
function reach() {
  const found = { covered: [], small: [], count: 0 };
  for (const each of all("button, input, select, summary")) {
    if (!isSeen(each) || each.disabled) continue;
    each.scrollIntoView({ block: "center" });
    const { left, right, top, bottom, width, height } = each.getBoundingClientRect();
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const name = each.id || each.dataset.name || each.textContent;
    found.count += 1;
    if (!hit || !(each === hit || each.contains(hit))) found.covered.push([name, hit?.outerHTML?.slice(0, 80) ?? ""]);
    if (Math.min(width, height) < 24) found.small.push([name, width, height]);
  }
  window.scrollTo(0, 0);
  return found;
}

/** The picture of families, and what a click on one shows. */
function families() {
  if (!at("folded")) return null;
  const of = (box) => all("[data-role]", box).map((each) => each.textContent);
  const each = all("#folded > .box").map((box) => [box.querySelector(".name").textContent, box.dataset.members.split(" ").map(Number), of(box)]);
  const isFolded = isSeen(at("folded")) && !isSeen(at("graph"));
  const many = document.querySelector("#folded > .box.many");
  const members = many.dataset.members.split(" ");
  const drawn = () => [...new Set(all(".picture .box[data-node]").filter(isSeen).map((box) => box.dataset.node))];
  const before = drawn().length;
  click(many);
  const opened = drawn();
  click(many);
  const again = drawn().length;
  press("unfold");
  const whole = drawn().length;
  press("fold");
  return { each, isFolded, members, before, opened, again, whole, all: boxes.length };
}

async function drive() {
  const scrolls = new Set();
  const scrollTo = Element.prototype.scrollTo;
  Element.prototype.scrollTo = function (options) {
    scrolls.add(options.behavior);
    return scrollTo.call(this, options);
  };
  const found = { controls: {} };
  for (const kind of ["range", "number"]) found.controls[kind] = all(`input[type=${kind}][data-name]`).map((each) => each.dataset.name);
  found.names = Object.fromEntries(boxes.map((box) => [box.dataset.node, box.dataset.name]));
  found.constants = document.body.textContent;
  found.wide = document.documentElement.scrollWidth;
  found.start = { numbers: numbers(), shown: shown(), arrows: onArrows(), value: at("value").textContent };
  found.families = families();
  found.steps = await steps();
  found.ways = await ways();
  found.told = told();
  press("check");
  found.checked = all("#checked tbody tr").map((row) => [...row.cells].map((cell) => cell.textContent));
  found.reach = [reach()];
  found.guess = {};
  for (const what of ["gradient", "local"]) {
    press("guess");
    if (what === "gradient") {
      found.reach.push(reach());
      found.wideGuess = document.documentElement.scrollWidth;
    }
    press("guess");
    found.guess[what] = await guess(what);
  }
  if (at("descent")) {
    found.descent = await descend();
    at("descent").open = true;
    await wait(0);
    found.reach.push(reach());
    found.wideDescent = document.documentElement.scrollWidth;
    at("descent").open = false;
    await wait(0);
  }
  press("backward");
  found.moves = [];
  for (const [name, kind, number] of plan.moves) {
    const input = all(`input[type=${kind}][data-name]`).find((each) => each.dataset.name === name);
    change(input, number);
    found.moves.push({ is: input.valueAsNumber, numbers: numbers(), shown: shown(), arrows: onArrows(), value: at("value").textContent });
  }
  press("reset");
  found.reset = { numbers: numbers(), place: Number(at("place").value) };
  // what a reload has to bring back
  for (const [name, kind, number] of plan.kept) {
    change(all(`input[type=${kind}][data-name]`).find((each) => each.dataset.name === name), number);
  }
  change(at("place"), plan.place);
  found.kept = { numbers: numbers(), shown: shown(), place: place() };
  Element.prototype.scrollTo = scrollTo;
  found.scrolls = [...scrolls];
  await wait(250); // the address is written when all rests
  found.hash = window.location.hash;
  return found;
}

drive().then(done, (error) => done({ error: `${error}\n${error.stack}` }));
