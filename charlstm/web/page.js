/* The page itself: what both halves share. `writing.js` and `reading.js` come after it. */

"use strict";

const $ = (id) => document.getElementById(id);

/* All that the maker of a model may have put into it is data: it reaches the page as textContent. */
const model = JSON.parse($("model").textContent);
const letters = model.characters.map((point) => String.fromCodePoint(point));
const idOf = new Map(letters.map((letter, id) => [letter, id]));
const LOOK_ALIKE = {
  "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "--",
  "\u2026": "...", "\u00a0": " ", "\t": " ",
};

function element(tag, content = "", properties = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...[content].flat());
  return made;
}

/* Turn a text into ids. A character that the model does not know becomes one that looks like it, or
   is left out; then `told` says which. */
function encode(text) {
  const known = (symbols) => symbols.every((symbol) => idOf.has(symbol));
  const symbols = model.bytewise
    ? Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte))
    : Array.from(text);
  const unknown = new Set();
  const ids = symbols.flatMap((symbol) => {
    const alike = Array.from(LOOK_ALIKE[symbol] ?? "");
    if (idOf.has(symbol)) return idOf.get(symbol);
    if (alike.length && known(alike)) return alike.map((other) => idOf.get(other));
    unknown.add(symbol);
    return [];
  });
  const some = [...unknown].slice(0, 12).map(visible).join(" ");
  const told = unknown.size ? ` It does not know ${some}${unknown.size > 12 ? " …" : ""}; left out.` : "";
  return { ids, told };
}

/* A character as it can be seen, also if it is white space, a control, or a byte. */
function visible(letter) {
  const shown = { "\n": "↵", " ": "␣", "\t": "⇥" }[letter];
  const point = letter.codePointAt(0);
  if (model.bytewise && point > 127) return point.toString(16).toUpperCase();
  const odd = point < 32 || (point > 126 && point < 160) || (point >= 0xd800 && point < 0xe000);
  return shown ?? (odd ? `U+${point.toString(16).toUpperCase().padStart(4, "0")}` : letter);
}

/* A character as it is said aloud. */
function spoken(letter) {
  const named = {
    "\n": "line end", " ": "space", "\t": "tab", ".": "full stop", ",": "comma", "'": "apostrophe",
    '"': "quotation mark", ":": "colon", ";": "semicolon", "-": "hyphen", "!": "exclamation mark",
    "?": "question mark",
  }[letter];
  const capital = letter !== letter.toLowerCase();
  return named ?? (capital ? `capital ${letter}` : visible(letter));
}

function percent(share) {
  if (share === 0) return "0 %";
  return share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}

const count = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;

function trouble(message) {
  $("trouble").textContent = message;
  $("trouble").hidden = false;
}

/* --- the worker -------------------------------------------------------------------------------- */

/* What to do with each kind of message from the worker. */
const hear = {
  failed: ({ message }) => trouble(`The network cannot run in this browser: ${message}`),
};
let worker = null;

function ask(kind, content) {
  worker.postMessage({ kind, ...content });
}

function wake() {
  if (!self.DecompressionStream || !self.WebAssembly) {
    trouble("This browser lacks what the network needs: take one from 2023 or later.");
    return;
  }
  const program = new Blob([$("worker").textContent], { type: "text/javascript" });
  worker = new Worker(URL.createObjectURL(program));
  worker.onmessage = ({ data }) => hear[data.kind](data);
  worker.onerror = hear.failed;
  ask("load", { model, packed: $("weights").textContent });
  $("weights").remove(); // megabytes that nobody needs twice
}

/* --- what the page says of the model, and its two halves --------------------------------------- */

function introduce() {
  $("name").textContent = document.title = model.name;
  const { kind, layers, units, parameters, learned, nats } = model;
  const built = `${kind} with ${count(layers, "layer")} of ${count(units, "unit")}`;
  const read = learned ? ` It has learned from ${learned} to guess the next letter.` : "";
  const score = nats ? ` On text it had not seen it is off by ${nats.toFixed(2)} nats a letter.` : "";
  $("facts").textContent = `${built}, ${count(parameters, "weight")} in all.${read}${score}`;
}

function turnTo(name) {
  for (const other of ["write", "read"]) {
    const tab = $(`tab-${other}`);
    tab.setAttribute("aria-selected", other === name);
    tab.tabIndex = other === name ? 0 : -1;
    $(other).hidden = other !== name;
  }
}

for (const name of ["write", "read"]) {
  $(`tab-${name}`).addEventListener("click", () => turnTo(name));
  $(`tab-${name}`).addEventListener("keydown", ({ key }) => {
    if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(key)) return;
    const other = { Home: "write", End: "read" }[key] ?? (name === "write" ? "read" : "write");
    turnTo(other);
    $(`tab-${other}`).focus();
  });
}
