// The page: its parts, what keys and buttons do, and what other scripts may ask.

import { fragmentOf, stateOf } from "./address.js";
import { randomInputs } from "./chance.js";
import { checked, tableOf } from "./check.js";
import { Controls, onlyNumbers, within } from "./controls.js";
import { Derivation } from "./derivation.js";
import { DescentPanel } from "./descent_panel.js";
import { printed } from "./format.js";
import { showLit } from "./graph.js";
import { Guess } from "./guess.js";
import { Inspector } from "./inspect.js";
import { Model } from "./model.js";
import { NodeTable } from "./node_table.js";
import { cutForPaper } from "./paper.js";
import { Pictures } from "./pictures.js";
import { Rows } from "./rows.js";
import { spoken } from "./spoken.js";
import { Steps } from "./steps.js";

const MOST_NAMED = 5; // steps without a value
const SPEEDS = [2000, 1200, 700, 350, 150];

function begin(lesson, numbers, texts, updates, mistakes) {
  const at = (id) => document.getElementById(id);
  lesson.stepOf = Object.fromEntries(lesson.steps.map((step) => [step.node, step]));
  const model = new Model(lesson, numbers);
  const steps = new Steps(model);
  const rows = lesson.rows ? new Rows(at, model, texts) : null;
  const byName = new Map(lesson.nodes.map((node, place) => [node.name, place]));
  const controlOf = new Map(lesson.controls.map((control) => [control.node, control]));
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  /** Take the state of an address. */
  function take(fragment) {
    const { numbers: given, step, guess: asked, row } = stateOf(fragment);
    const pairs = [...given].filter(([name]) => controlOf.has(byName.get(name))).map(([name, number]) => {
      const node = byName.get(name);
      return [node, within(controlOf.get(node), number)];
    });
    model.set([...lesson.leaves.map((node, place) => [node, lesson.values[place]]), ...pairs, ...(rows?.pairs(row ?? 1) ?? [])]);
    steps.go(step ?? steps.keys.length);
    return asked;
  }

  const wanted = take(window.location.hash);
  const pictures = new Pictures(at, model, steps, texts);
  const list = at("derivation");
  const derivation = new Derivation(list, model, steps);
  const controls = new Controls(at("controls"), model, steps);
  onlyNumbers(texts.only_numbers);
  const inspector = new Inspector(at("inspector"), list, model, texts);
  const descent = at("descent") ? new DescentPanel(at("descent"), model, updates, texts, calm) : null;
  const table = new NodeTable(at("nodes"), model, steps, (node) => inspect(() => inspector.node(node)), write);
  const guess = new Guess(at, model, steps, texts, mistakes, go);
  guess.reveal = (nodes) => pictures.reveal(nodes);
  inspector.knows = (kind, number) => !guess.isOn || steps.knows(kind, number);
  if (descent) descent.isAsked = () => guess.isOn && steps.place < steps.keys.length;
  let playing = 0;
  let writing = 0;

  function update() {
    pictures.update();
    controls.update();
    derivation.update();
    guess.update();
    table.update();
    inspector.refresh();
    descent?.explain();
    at("value").textContent = steps.hasData(lesson.output) ? printed(model.value) : "";
    at("near").textContent = `${lesson.nodes[lesson.output].name} = ${at("value").textContent}`;
    at("undecided").hidden = model.open.size === 0;
    at("unfit").hidden = model.unfit.length === 0;
    const unfit = model.unfit.slice(0, MOST_NAMED).map((node) => lesson.nodes[node].name).join(", ");
    at("unfit").textContent = texts.unfit.replace("{names}", unfit);
    at("place").max = steps.keys.length;
    at("place").value = steps.place;
    at("place").setAttribute("aria-valuetext", `${steps.place} / ${steps.keys.length}`);
    at("step").disabled = steps.place === steps.keys.length;
    at("back").disabled = steps.place === 0;
    at("checked").replaceChildren();
    write();
  }

  /** Write the state into the address, when it rests. */
  function write() {
    clearTimeout(writing);
    writing = setTimeout(() => {
      const fragment = fragmentOf(model, steps, guess, descent, pictures, table, rows);
      if (fragment !== window.location.hash) {
        remember(fragment);
      }
    }, 200);
  }

  function go(place) {
    const before = steps.place;
    steps.go(place);
    if (place > before && steps.place === before) return guess.stop();
    look(!calm.matches);
  }

  /** Bring the current step to where it is seen, in the list and in the picture. */
  function look(smooth) {
    derivation.show(list, smooth);
    showLit(at("graph").parentElement, smooth);
  }

  function pause() {
    clearTimeout(playing);
    playing = 0;
    at("play").setAttribute("aria-pressed", "false");
  }

  function play() {
    if (playing) return pause();
    if (steps.place === steps.keys.length) go(0);
    at("play").setAttribute("aria-pressed", "true");
    const next = () => {
      const before = steps.place;
      go(before + 1);
      if (steps.place === steps.keys.length || steps.place === before) pause();
      else playing = setTimeout(next, SPEEDS[at("speed").value]);
    };
    playing = setTimeout(next, 50);
  }

  const actions = {
    forward: () => go(steps.forward.length),
    backward: () => go(steps.keys.length),
    step: () => go(steps.place + 1),
    back: () => go(steps.place - 1),
    reset: () => {
      model.reset();
      rows?.go(1);
      go(0);
      guess.forget();
    },
    play,
    random: () => {
      model.set(randomInputs(model));
      guess.forget();
      if (guess.isOn) guess.begin();
    },
    check: () => at("checked").replaceChildren(tableOf(checked(model), texts)),
  };
  pictures.listen(write);
  for (const [id, action] of Object.entries(actions)) {
    at(id).addEventListener("click", () => {
      if (id !== "play") pause();
      action();
    });
  }
  at("place").addEventListener("input", () => {
    pause();
    go(Number(at("place").value));
    at("place").value = steps.place;
  });
  at("close").addEventListener("click", () => inspector.close());
  for (const id of ["check", "random"]) at(id).hidden = lesson.controls.length === 0; // constants have nothing to move

  const keys = { ArrowRight: "step", ArrowLeft: "back", " ": "play", "?": "help" };
  const letters = { f: "forward", b: "backward", r: "reset", g: "check", u: "update" };
  actions.help = () => at("help").showModal();
  actions.update = () => descent?.takeStep();
  at("help-open").addEventListener("click", actions.help);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || at("help").open) return;
    if (event.target.closest("input, select, textarea, a, pre") || event.target.matches(".scroll")) return; // these have keys of their own
    const pressed = event.target.closest("button, summary"); // which the space bar and Enter press
    if (pressed && (event.key === " " || event.key === "Enter")) return;
    const chosen = event.target.closest("[data-node], [data-edge], [data-members]");
    if (chosen && (event.key === "Enter" || event.key === " ")) tell(chosen);
    else if (event.key === "Escape") inspector.close();
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(steps.keys.length);
    else if (keys[event.key]) actions[keys[event.key]]();
    else if (at("letters").checked && letters[event.key.toLowerCase()]) press(letters[event.key.toLowerCase()]);
    else return;
    event.preventDefault();
  });

  /** Do what a letter stands for, unless its button is out of use. */
  function press(id) {
    const button = document.getElementById(id);
    if (button?.disabled || button?.hidden) return;
    pause();
    actions[id]();
  }

  /** Tell of a box or an arrow; open or fold a box that stands for several. */
  function tell(chosen) {
    if ("members" in chosen.dataset) {
      if (!pictures.toggle(chosen)) inspect(() => inspector.node(Number(chosen.dataset.members)));
    } else if ("node" in chosen.dataset) inspect(() => inspector.node(Number(chosen.dataset.node)));
    else inspect(() => inspector.edge(Number(chosen.dataset.edge)));
  }

  /** Tell where it is seen: below a picture that fills a phone it is not. */
  function inspect(telling) {
    at("inspector").setAttribute("aria-live", "polite");
    telling();
    at("inspector").scrollIntoView({ block: "nearest" });
  }

  at("graph").parentElement.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-node], [data-edge], [data-members]");
    if (chosen) tell(chosen);
  });
  list.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-step]");
    if (chosen && !window.getSelection().toString()) {
      pause();
      steps.go(steps.turn.get(chosen.dataset.step));
      showLit(at("graph").parentElement, !calm.matches);
    }
  });
  window.addEventListener("hashchange", () => {
    if (!stateOf(window.location.hash).guess) guess.ask("");
    guess.ask(take(window.location.hash));
    descent?.take(stateOf(window.location.hash));
    pictures.take(stateOf(window.location.hash));
    table.root.open ||= stateOf(window.location.hash).table;
    look(false);
  });
  model.listen(update);
  steps.listen(update);
  steps.listen(() => (at("spoken").textContent = spoken(model, steps)));
  update();
  pictures.take(stateOf(window.location.hash));
  guess.ask(wanted);
  descent?.take(stateOf(window.location.hash));
  table.root.open = stateOf(window.location.hash).table;
  derivation.show(list, false);
  if (!at("folded") || steps.place < steps.keys.length) showLit(at("graph").parentElement, false); // families begin with inputs
  cutForPaper(() => pictures.seen);
  window.backprop = {
    values: () => model.byName(model.data),
    gradients: () => model.byName(model.gradients),
    descent: () => descent?.state(),
    address: () => fragmentOf(model, steps, guess, descent, pictures, table, rows),
  };
}

/** Put the state into the address, where a page has one: within a notebook it has none. */
function remember(fragment) {
  try {
    window.history.replaceState(null, "", fragment || window.location.pathname + window.location.search);
  } catch {
    // then a link does not share the state
  }
}

export { begin };
