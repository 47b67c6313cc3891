/* The half that reads. */

const LONGEST = 10000; // letters; each is an element of the page
const NATS = 6; // where the scale of surprise ends
const VALUES = {
  h: "output h", c: "cell c", i: "input gate i", f: "forget gate f", g: "candidate g",
  o: "output gate o", r: "reset gate r", z: "update gate z", n: "candidate n",
};
const SIGNED = "hcgn"; // the others lie between 0 and 1
const STEPS = 9; // of a scale of colours
const reader = { ticket: 0, ids: [], spans: [], judged: [], done: false, here: 0, values: null };

/* --- what colours the letters ------------------------------------------------------------------ */

/* What the reader chose: null for surprise, else a unit's place. */
function chosen() {
  const mark = $("colours").querySelector("input[type=radio]:checked").value;
  if (mark === "surprise") return null;
  if (mark !== "any") return model.telling[Number(mark)];
  const unit = Math.round($("unit").valueAsNumber) || 0;
  return {
    layer: $("layer").selectedIndex,
    value: $("value").value,
    unit: Math.min(Math.max(unit, 0), model.units - 1),
  };
}

const place = ({ layer, value, unit }) => `${VALUES[value]} of unit ${unit}, layer ${layer + 1}`;

function offer(mark, name, hint, ...more) {
  const radio = element("input", "", { type: "radio", name: "colour", value: mark });
  radio.addEventListener("change", recolour);
  const label = element("label", [radio, element("span", [name, element("small", hint)])]);
  $("colours").append(element("div", [label, ...more], { className: "choice" }));
  return radio;
}

function offerAll() {
  offer("surprise", "Surprise", "how little it expected the letter").checked = true;
  model.telling.forEach((unit, number) => {
    offer(String(number), unit.follows, `${place(unit)}: ${unit.how}`);
  });
  const options = (names, show) => names.map((name) => element("option", show(name), { value: name }));
  const layer = element("select", options([...Array(model.layers).keys()], (k) => `layer ${k + 1}`));
  const value = element("select", options([...model.values], (name) => VALUES[name]));
  const unit = element("input", "", { type: "number", min: 0, max: model.units - 1, value: 0 });
  const labels = { layer: "Layer", value: "What it holds", unit: `Unit, 0 to ${model.units - 1}` };
  for (const [id, field] of Object.entries({ layer, value, unit })) {
    field.id = id;
    field.setAttribute("aria-label", labels[id]);
  }
  const fields = element("div", [layer, value, unit], { className: "fields" });
  const any = offer("any", "Any unit, any gate", `of ${count(model.units, "unit")} a layer`, fields);
  fields.addEventListener("input", () => {
    any.checked = true;
    recolour();
  });
}

/* The colours: for surprise and gates one that grows darker (in the dark: lighter), for what has a
   sign two. `most` is where the scale ends. */
function scale() {
  const unit = chosen();
  if (!unit) return { most: NATS, signed: false, ends: ["expected", `${NATS} nats and more`] };
  const signed = SIGNED.includes(unit.value);
  const largest = reader.values ? Math.max(...reader.values.map(Math.abs), 1e-3) : 1;
  const most = signed && unit.value === "c" ? largest : 1;
  const end = most.toFixed(most < 10 ? 1 : 0);
  return { most, signed, ends: signed ? [`−${end}`, end] : ["0, closed", "1, open"] };
}

function colour(number, { most, signed }) {
  const share = Math.min(1, Math.max(signed ? -1 : 0, number / most));
  const step = signed ? Math.round((share + 1) / 2 * (STEPS - 1)) : Math.round(share * (STEPS - 1));
  return `${signed ? "d" : "s"}${step}`;
}

/* Colour the letters from `first` on. */
function paint(first = 0) {
  const by = scale();
  const numbers = chosen() ? reader.values ?? [] : reader.judged.map(({ nats }) => nats);
  for (let t = first; t < reader.spans.length; t++) {
    const known = t < numbers.length;
    reader.spans[t].className = known ? colour(numbers[t], by) : "";
  }
  const steps = Array.from({ length: STEPS }, (_, step) =>
    element("span", "a", { className: `${by.signed ? "d" : "s"}${step}` }));
  $("scale").replaceChildren(by.ends[0], element("span", steps, { className: "steps" }), by.ends[1]);
  goTo(reader.here);
}

function recolour() {
  const unit = chosen();
  reader.values = null;
  if (unit) ask("unit", { layer: unit.layer, unit: unit.unit });
  else paint();
}

/* --- a text ------------------------------------------------------------------------------------ */

function startReading() {
  const { ids, told } = encode($("given").value);
  const cut = ids.length > LONGEST ? ` Only the first ${count(LONGEST, "letter")}.` : "";
  const kept = ids.slice(0, LONGEST);
  const spans = kept.map((id) => element("span", asText(letters[id])));
  Object.assign(reader, { ticket: reader.ticket + 1, ids: kept, spans, judged: [], done: false });
  Object.assign(reader, { here: 0, values: null, told: told + cut });
  $("letters").replaceChildren(...spans);
  $("letters").setAttribute("aria-valuemax", Math.max(1, kept.length));
  $("read-status").textContent = kept.length ? "It reads …" : `There is nothing to read.${told}`;
  if (kept.length) ask("read", { ticket: reader.ticket, ids: kept });
}

/* A letter as it stands in the text: white space keeps its place, and a line end can be seen. */
function asText(letter) {
  if (letter === "\n") return "↵\n";
  return letter === " " || letter === "\t" ? letter : visible(letter);
}

hear.letters = ({ ticket, letters: judged, done }) => {
  if (ticket !== reader.ticket) return;
  const before = reader.judged.length;
  reader.judged.push(...judged);
  reader.done = done;
  if (!chosen()) paint(before);
  if (!done) return;
  if (chosen()) recolour();
  const nats = reader.judged.reduce((sum, letter) => sum + letter.nats, 0) / reader.judged.length;
  $("read-status").textContent =
    `${count(reader.ids.length, "letter")}, ${nats.toFixed(2)} nats a letter.${reader.told}`;
};

hear.unit = ({ ticket, layer, unit, values }) => {
  const now = chosen();
  if (ticket !== reader.ticket || !now || now.layer !== layer || now.unit !== unit) return;
  reader.values = values[now.value];
  paint();
};

/* --- walking through it ------------------------------------------------------------------------ */

/* Show the numbers of a letter. */
function goTo(t) {
  const { spans, judged, values } = reader;
  spans[reader.here]?.classList.remove("here");
  if (!judged[t]) return;
  reader.here = t;
  spans[t].classList.add("here");
  const { nats, expected } = judged[t];
  const unit = chosen();
  const letter = letters[reader.ids[t]];
  const rows = [
    ["Letter", visible(letter)],
    ["Place", `${t + 1} of ${spans.length.toLocaleString("en")}`],
    ["Surprise", `${nats.toFixed(2)} nats`],
    ["It had given it", percent(Math.exp(-nats))],
  ];
  const held = unit && values && t < values.length ? values[t].toFixed(3) : null;
  if (held) rows.push([place(unit), held]);
  $("numbers").replaceChildren(...rows.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  $("expected").replaceChildren(...expected.map(([id, share]) => {
    const bar = element("span", "", { className: "bar" });
    bar.style.setProperty("--share", share);
    const mark = element("span", visible(letters[id]), { className: "letter" });
    const item = element("li", [mark, bar, element("span", percent(share), { className: "share" })]);
    item.classList.toggle("came", id === reader.ids[t]);
    return item;
  }));
  const said = `${spoken(letter)}: ${nats.toFixed(1)} nats${held ? `; ${place(unit)}: ${held}` : ""}`;
  $("letters").setAttribute("aria-valuenow", t + 1);
  $("letters").setAttribute("aria-valuetext", said);
}

/* The letter one line up or down, as the lines are broken now. */
function upOrDown(step) {
  const { spans, here } = reader;
  const [x, y] = [spans[here].offsetLeft, spans[here].offsetTop];
  let line = null;
  let best = here;
  for (let t = here + step; t >= 0 && t < spans.length; t += step) {
    const { offsetLeft, offsetTop } = spans[t];
    if (offsetTop === y) continue;
    line ??= offsetTop;
    if (offsetTop !== line) break;
    if (best === here || Math.abs(offsetLeft - x) < Math.abs(spans[best].offsetLeft - x)) best = t;
  }
  return best;
}

$("letters").addEventListener("keydown", (event) => {
  const { here, spans } = reader;
  const to = {
    ArrowLeft: () => here - 1,
    ArrowRight: () => here + 1,
    ArrowUp: () => upOrDown(-1),
    ArrowDown: () => upOrDown(1),
    Home: () => 0,
    End: () => spans.length - 1,
  }[event.key];
  if (!to || !spans.length || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  goTo(Math.min(Math.max(to(), 0), spans.length - 1));
  spans[reader.here].scrollIntoView({ block: "nearest" });
});

for (const kind of ["pointermove", "pointerdown"]) {
  $("letters").addEventListener(kind, ({ target }) => {
    const t = reader.spans.indexOf(target);
    if (t >= 0) goTo(t);
  });
}

$("start-reading").addEventListener("click", startReading);

/* --- begin ------------------------------------------------------------------------------------- */

hear.loaded = () => {
  $("written-status").textContent = "";
  $("start-reading").disabled = false;
  ask("begin", fresh());
  refresh();
  startReading();
};

introduce();
showOptions();
offerAll();
$("given").value = model.excerpt;
wake();
