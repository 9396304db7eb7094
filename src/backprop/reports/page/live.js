// The part of a served page that follows the file. No page that is written to a file has it.

const TRIES = 3; // to reach what serves the page
const PAUSE = 300;
const FOCUS = "focus";

export function follow(number, texts) {
  const panel = document.getElementById("live");
  const [heading, said] = panel.querySelectorAll("p, pre");
  let source = null;
  let failed = 0;
  let ended = false;

  function tell(kind, text) {
    panel.hidden = !kind;
    panel.dataset.kind = kind;
    heading.textContent = kind ? texts[kind] : "";
    said.textContent = text;
    said.hidden = !text;
  }

  function close() {
    source?.close();
    source = null;
  }

  function end() {
    ended = true;
    close();
    tell("gone", "");
  }

  function open() {
    if (source || ended) return;
    source = new EventSource("events");
    source.addEventListener("message", (event) => {
      failed = 0;
      const now = JSON.parse(event.data);
      if (now.page !== number) {
        close();
        loadAgain();
      } else if (now.failed) tell(number ? "failed" : "nothing", now.text);
      else tell(now.text ? "warned" : "", now.text);
    });
    source.addEventListener("end", end);
    source.addEventListener("error", () => {
      close();
      failed += 1;
      if (failed >= TRIES) end();
      else setTimeout(open, PAUSE);
    });
  }

  // a browser has six connections to one place: pages that nobody sees hold none
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  focusAgain();
  if (!document.hidden) open();
}

/** Load the new page, with the state of this one, whose address has it a moment later only. */
function loadAgain() {
  const state = window.backprop?.address();
  if (state !== undefined) window.history.replaceState(null, "", state || window.location.pathname);
  const { id, dataset, type } = document.activeElement ?? document.body;
  const place = id ? `#${CSS.escape(id)}` : `input[type="${type}"][data-name="${CSS.escape(dataset.name ?? "")}"]`;
  keep(place);
  window.location.reload();
}

function keep(place) {
  try {
    window.sessionStorage.setItem(FOCUS, place);
  } catch {
    // storage is turned off: the page begins without a focus
  }
}

function focusAgain() {
  try {
    const place = window.sessionStorage.getItem(FOCUS);
    window.sessionStorage.removeItem(FOCUS);
    if (place) document.querySelector(place)?.focus({ preventScroll: true });
  } catch {
    // as above
  }
}
