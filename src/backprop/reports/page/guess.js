// Guess mode: before each backward step the page asks for its numbers, and keeps the score.

import { isRough, read } from "./answers.js";
import { exact, inOrder, shown } from "./format.js";
import { Questions } from "./questions.js";

const VERDICTS = ["right", "wrong", "shown"];

export class Guess {
  /** at: gives an element by its id. onStep: goes to a place, and shows it. */
  constructor(at, model, steps, texts, mistakes, onStep) {
    this.at = at;
    this.model = model;
    this.steps = steps;
    this.texts = texts;
    this.onStep = onStep;
    this.questions = new Questions(model, steps, mistakes);
    this.isOn = false;
    this.log = [];
    this.answered = new Map();
    this.revealed = "";
    /** Show nodes themselves, where families are folded. */
    this.reveal = () => {};
    steps.allowed = (from, to) => this.limit(from, to);
    steps.listen(() => this.say(""));
    model.listen(() => this.say(""));
    at("guess").addEventListener("click", () => (this.isOn ? this.end() : this.begin()));
    at("guess-what").addEventListener("change", () => this.turn());
    at("guesses").addEventListener("submit", (event) => {
      event.preventDefault();
      this.answer(at("answer").value);
    });
    at("show").addEventListener("click", () => this.show());
    at("guess-again").addEventListener("click", () => {
      this.log = [];
      this.answered.clear();
      this.begin();
    });
    at("guess-save").addEventListener("click", () => this.save());
  }

  get what() {
    return this.at("guess-what").value;
  }

  /** Ask, from the first question that is open, or if there is none anew. */
  begin(what = this.what) {
    this.at("guess-what").value = what;
    this.isOn = true;
    const [first, end] = [this.steps.forward.length, this.steps.keys.length];
    if (this.limit(first, end) === end) this.answered.clear();
    this.steps.place = this.limit(first, end);
    this.steps.changed();
    this.onStep(this.steps.place);
    this.focus();
  }

  /** Ask for this, or for nothing. */
  ask(what) {
    if (what && !(this.isOn && this.what === what)) this.begin(what);
    else if (!what && this.isOn) this.end();
  }

  /** Ask for something else: in the step where the reader is, or in the next that has it. */
  turn() {
    const { place, keys, forward } = this.steps;
    this.steps.changed();
    if (this.isOn && place >= forward.length) this.steps.go(this.limit(place, keys.length));
  }

  end() {
    this.isOn = false;
    this.steps.changed();
  }

  /** What was answered is asked again. */
  forget() {
    this.answered.clear();
    this.update();
  }

  isAnswered(question) {
    return this.answered.has(question.key) && Object.is(this.answered.get(question.key), this.questions.right(question));
  }

  /** How far one may go from a place on: to before the first step with a question that is open. */
  limit(from, to) {
    for (let place = from; this.isOn && place < to; place++) {
      if (this.openIn(place).length) return place;
    }
    return to;
  }

  /** The open questions of the step after a place. */
  openIn(place) {
    const key = this.steps.keys[place];
    return key ? this.questions.of(key, this.what).filter((question) => !this.isAnswered(question)) : [];
  }

  /** The question that is asked now: {question, right, text}. */
  get current() {
    const [question] = this.isOn && this.steps.place >= this.steps.forward.length ? this.openIn(this.steps.place) : [];
    return question ? { question, right: this.questions.right(question), text: this.named(question) } : null;
  }

  named({ kind, node, step, use }) {
    const { lesson } = this.model;
    const name = (of) => inOrder(lesson.nodes[of].name);
    const by = kind === "local" ? `\u2202${name(step)}/\u2202${name(node)}` : `\u2202${name(lesson.output)}/\u2202${name(node)}`;
    const words = kind === "share" ? this.words("guess_share_of", { by, step: name(step) }) : by;
    return use ? `${words} ${this.words("guess_use", { use })}` : words;
  }

  words(key, values) {
    return this.texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  answer(typed) {
    const asked = this.current;
    const text = typed.trim();
    if (!asked || text === "") return;
    if (Number.isNaN(read(text))) {
      this.say(this.texts.guess_no_number, "wrong");
    } else if (this.questions.isRight(asked.question, text)) {
      this.keep("right", asked, text);
      this.pass(asked);
      this.say(`${this.words("guess_right", { name: asked.text, value: shown(asked.right) })}${this.why(asked)}`, "right");
    } else {
      const found = this.questions.mistake(asked.question, text);
      const rough = !found && isRough(text, asked.right);
      if (rough) this.say(this.words("guess_rough", { typed: text }), "shown");
      else this.refuse(asked, text, found);
    }
    this.focus();
  }

  refuse(asked, typed, found) {
    const mistake = found ? this.words(`mistake ${found.row.name}`, found.words) : "";
    this.keep("wrong", asked, typed, mistake);
    this.update();
    const like = mistake ? this.words("guess_like", { mistake }) : this.texts.guess_unlike;
    this.say(`${this.words("guess_wrong", { name: asked.text, typed })} ${like}`, "wrong");
  }

  show() {
    const asked = this.current;
    this.keep("shown", asked, "");
    this.pass(asked);
    this.say(`${asked.text} = ${shown(asked.right)}${this.why(asked)}`, "shown");
    this.focus();
  }

  /** Why the first gradient is what it is. */
  why({ question }) {
    return question.kind === "seed" ? `. ${this.words("guess_seed", { name: this.model.lesson.nodes[question.node].name })}` : "";
  }

  /** Go on from a question; with the last one of a step make it, and others that ask nothing. */
  pass({ question, right }) {
    this.answered.set(question.key, right);
    this.at("answer").value = "";
    const { place, keys } = this.steps;
    this.update();
    this.onStep(this.limit(place, keys.length));
  }

  keep(kind, { right, text }, typed, mistake = "") {
    const { lesson, inputs } = this.model;
    const at = lesson.leaves.map((node) => `${lesson.nodes[node].name} = ${exact(inputs.get(node))}`).join(", ");
    this.log.push({ kind, name: text, typed, mistake, right: exact(right), at });
  }

  say(text, kind = "") {
    this.at("told").textContent = text;
    this.at("told").className = kind;
  }

  /** The step is not made while a number is asked for. */
  stop() {
    if (document.activeElement !== this.at("place")) this.focus();
  }

  focus() {
    const field = this.at("answer");
    if (this.at("guesses").hidden) this.at("guess-again").focus();
    else {
      field.focus();
      field.select();
    }
  }

  score() {
    return Object.fromEntries(VERDICTS.map((kind) => [kind, this.log.filter((each) => each.kind === kind).length]));
  }

  update() {
    const { at, isOn, steps } = this;
    at("guess").setAttribute("aria-pressed", String(isOn));
    at("guessing").hidden = !isOn;
    document.body.classList.toggle("guessing", isOn);
    at("check").disabled = isOn && steps.place < steps.keys.length;
    for (const each of document.querySelectorAll(".picture .asked")) each.classList.remove("asked");
    if (!isOn) this.revealed = "";
    if (!isOn) return;
    const asked = this.current;
    at("guesses").hidden = !asked;
    const between = steps.place === steps.keys.length ? "guess_done" : "guess_forward";
    at("asked").textContent = asked ? this.words(`guess_ask_${asked.question.kind === "share" ? "share" : "number"}`, { name: asked.text }) : "";
    at("between").textContent = asked ? "" : this.texts[between];
    at("score").textContent = this.words("guess_score", this.score());
    at("guess-save").disabled = this.log.length === 0;
    if (!asked) return;
    const { node, edge } = asked.question;
    if (this.revealed !== asked.question.key) this.reveal([node, asked.question.step]);
    this.revealed = asked.question.key;
    const places = edge === null ? [] : [`[data-edge="${edge}"]`];
    if (this.what !== "local") places.push(`[data-node="${node}"]`);
    const marked = places.map((place) => `.picture ${place}`).join();
    for (const each of document.querySelectorAll(marked)) each.classList.add("asked");
  }

  /** Score and answers as text. */
  text() {
    const lines = [document.title, this.words("guess_score", this.score())];
    let before = null;
    for (const { kind, name, typed, mistake, right, at } of this.log) {
      if (at !== before) lines.push("", this.words("guess_at", { at }));
      before = at;
      const verdict = this.words(`guess_${kind}_line`, { right });
      lines.push(`  ${name}: ${[typed, verdict].filter(Boolean).join(", ")}${mistake ? `: ${mistake}` : ""}`);
    }
    return `${lines.join("\n")}\n`;
  }

  save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([this.text()], { type: "text/plain;charset=utf-8" }));
    link.download = `${this.texts.guess_file}.txt`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000); // when it is saved
  }
}
