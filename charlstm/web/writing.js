/* The half that writes. */

const written = { ticket: 0, ids: [], begun: [], running: false, likely: [] };
let bytes = new TextDecoder(); // of a model of bytes: a character may come in several letters

function options() {
  const [topK, topP] = [$("top-k").valueAsNumber, $("top-p").valueAsNumber];
  return {
    temperature: $("temperature").valueAsNumber,
    topK: topK >= 1 ? Math.floor(topK) : null,
    topP: topP < 1 ? topP : null,
  };
}

const pace = () => Number($("pace").value); // letters a second; 0 is as fast as the machine

/* The seed that the reader gave, or a new one. */
function seed() {
  const given = $("seed").valueAsNumber;
  return Number.isSafeInteger(given) && given >= 0 ? given : Math.floor(Math.random() * 1e6);
}

/* The text that ids stand for, as far as its characters are complete. */
function decoded(ids) {
  if (!model.bytewise) return ids.map((id) => letters[id]).join("");
  return bytes.decode(Uint8Array.from(ids, (id) => model.characters[id]), { stream: true });
}

/* Start a text anew: nothing is written of it yet. */
function fresh() {
  const { ids, told } = encode($("prime").value);
  Object.assign(written, { ticket: written.ticket + 1, ids: [], begun: ids, told, seed: seed() });
  written.likely = []; // what may come next is not known yet
  bytes = new TextDecoder();
  $("begun").textContent = decoded(ids);
  $("text").textContent = "";
  return { ticket: written.ticket, ids, seed: written.seed, choice: options(), pace: pace() };
}

function run(kind, content) {
  Object.assign(written, { running: true, from: written.ids.length });
  const length = Math.max(1, Math.floor($("length").valueAsNumber) || 1);
  ask(kind, { ...content, choice: options(), length, pace: pace() });
  $("written-status").textContent = `It writes …${written.told}`;
  refresh();
}

/* Show which buttons can be pressed. At full speed the bars change too fast for a click. Who works
   with the keyboard does not lose the place: the focus goes from Write to Stop and on to Go on. */
function refresh() {
  const { running } = written;
  const at = document.activeElement;
  $("start").disabled = running;
  $("stop").disabled = !running;
  $("on").disabled = running || !(written.ids.length || written.begun.length);
  $("hand").disabled = running || !written.ids.length;
  const still = written.likely.length && !(running && !pace());
  for (const bar of bars) bar.button.disabled = !still;
  $("written").classList.toggle("running", running);
  if (at.disabled) (running ? $("stop") : $("on")).focus();
}

/* --- the bars ---------------------------------------------------------------------------------- */

const bars = Array.from({ length: Math.min(10, letters.length) }, (_, place) => {
  const [letter, share, bar] = ["letter", "share", "bar"].map((className) =>
    element("span", "", { className }));
  const button = element("button", [letter, bar, share], { disabled: true });
  button.addEventListener("click", () => {
    const [id] = written.likely[place];
    ask("take", { id, count: written.ids.length });
  });
  button.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    bars[(place + step + bars.length) % bars.length].button.focus();
  });
  $("bars").append(element("li", button));
  return { letter, share, bar, button };
});

function drawBars(likely) {
  written.likely = likely;
  likely.forEach(([id, share], place) => {
    const bar = bars[place];
    bar.letter.textContent = visible(letters[id]);
    bar.share.textContent = percent(share);
    bar.bar.style.setProperty("--share", share);
    bar.button.setAttribute("aria-label", `${spoken(letters[id])}, ${percent(share)}`);
  });
}

/* --- what the worker and the reader say -------------------------------------------------------- */

hear.wrote = ({ ticket, ids, likely }) => {
  ask("heard");
  if (ticket !== written.ticket) return; // of a text that is no longer there
  const paper = $("written");
  const atEnd = paper.scrollTop + paper.clientHeight > paper.scrollHeight - 40;
  $("text").append(decoded(ids));
  written.ids.push(...ids);
  drawBars(likely);
  refresh();
  if (atEnd) paper.scrollTop = paper.scrollHeight;
};

hear.ended = ({ ticket, seconds }) => {
  if (ticket !== written.ticket || !written.running) return;
  written.running = false;
  const made = written.ids.length - written.from;
  const speed = seconds ? `, ${count(Math.round(made / seconds), "letter")} a second` : "";
  const how = seconds ? "" : "Stopped after ";
  $("written-status").textContent =
    `${how}${count(made, "letter")}${speed}. Seed ${written.seed}.${written.told}`;
  refresh();
};

$("start").addEventListener("click", () => run("write", fresh()));
$("on").addEventListener("click", () => run("goOn", {}));
$("stop").addEventListener("click", () => ask("stop"));
$("hand").addEventListener("click", () => {
  turnTo("read");
  $("given").value = $("begun").textContent + $("text").textContent;
  startReading();
  $("letters").focus();
});
$("prime").addEventListener("input", () => {
  written.running = false;
  ask("begin", fresh());
  $("written-status").textContent = written.told.trim();
  refresh();
});
for (const id of ["temperature", "top-p", "top-k", "pace"]) {
  $(id).addEventListener("input", () => {
    showOptions();
    ask("choose", { choice: options(), pace: pace() });
  });
}

function showOptions() {
  $("temperature-is").textContent = $("temperature").valueAsNumber.toFixed(2);
  const share = $("top-p").valueAsNumber;
  $("top-p-is").textContent = share < 1 ? percent(share) : "all";
}
