/* The worker: it owns the network. Each message from the page has a `kind`, which is the name of a
   function in `answer`. Each message to the page has one, too. */

const BREATH = 12; // milliseconds of work; then it looks whether the page said something
const SHOWN = 10; // of the most likely next letters
const EXPECTED = 4; // letters that are told for each letter that is read

const post = (kind, content) => self.postMessage({ kind, ...content });
let network = null;
let lineEnd = 0; // what a text without a beginning goes on from, as in `sampler.py`

const waiting = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => waiting.shift()();
const breath = () =>
  new Promise((go) => {
    waiting.push(go);
    channel.port2.postMessage(null);
  });
const sleep = (milliseconds) => new Promise((go) => setTimeout(go, milliseconds));

/* The weights: base64, compressed, first the lowest byte of every number, last the highest. */
async function unpack(packed, { weights, bytes }) {
  const letters = atob(packed);
  const compressed = new Uint8Array(letters.length);
  for (let k = 0; k < letters.length; k++) compressed[k] = letters.charCodeAt(k);
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = planes.length / bytes;
  const numbers = new Float32Array(count);
  if (bytes === 2) {
    const halves = Float32Array.from({ length: 65536 }, (_, bits) => half(bits));
    for (let k = 0; k < count; k++) numbers[k] = halves[planes[k] | (planes[count + k] << 8)];
  } else {
    const bits = new Uint32Array(numbers.buffer);
    for (let byte = 0; byte < 4; byte++)
      for (let k = 0; k < count; k++) bits[k] |= planes[byte * count + k] << (8 * byte);
  }
  let at = 0;
  return Object.fromEntries(
    weights.map(([name, size]) => [name, numbers.subarray(at, (at += size))]));
}

/* The number that 16 bits stand for; no weight is infinite. */
function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24;
  return bits >> 15 ? -size : size;
}

/* The text that is being written. A new `turn` ends what went on before. The page gives each text a
   `ticket`, and so knows which of its texts an answer is about. */
const text = { turn: 0, ticket: 0, count: 0, left: 0, state: null, logits: null };

/* Take a letter: it becomes part of the text. */
function take(id) {
  text.logits = network.step(id, text.state).slice();
  text.count += 1;
  text.pending.push(id);
}

/* Tell the page the letters that came, and what may come next. `heard` is false until it has shown
   them: a page that is slower than the worker would else answer late to all that follows. */
function tell() {
  const shares = probabilities(text.logits, text.choice);
  const likely = ranking(text.logits).slice(0, SHOWN).map((id) => [id, shares[id]]);
  post("wrote", { ticket: text.ticket, ids: text.pending, count: text.count, likely });
  Object.assign(text, { pending: [], heard: false });
}

/* Read the beginning of a text. Return whether nothing else began meanwhile. */
async function begin({ ticket, ids, seed, choice }) {
  const turn = ++text.turn;
  Object.assign(text, { ticket, choice, random: generator(seed), state: network.start() });
  Object.assign(text, { count: 0, left: 0, pending: [], heard: true });
  let since = performance.now();
  for (const id of ids.length ? ids : [lineEnd]) {
    text.logits = network.step(id, text.state).slice();
    if (performance.now() - since > BREATH) {
      await breath();
      if (turn !== text.turn) return false;
      since = performance.now();
    }
  }
  tell();
  return true;
}

/* Write `text.left` letters, `text.pace` a second; with 0 as fast as the machine can. */
async function write() {
  const turn = ++text.turn;
  let since = performance.now();
  for (; text.left > 0; text.left--) {
    if (text.pace || performance.now() - since > BREATH) {
      if (text.pace || text.heard) tell();
      await (text.pace ? sleep(1000 / text.pace) : breath());
      if (turn !== text.turn) return;
      since = performance.now();
    }
    take(draw(probabilities(text.logits, text.choice), text.random));
  }
  tell();
  post("ended", { ticket: text.ticket, seconds: (performance.now() - text.began) / 1000 });
}

/* The text that is being read, with a line end before it: its ids, and what each layer put out. */
const reading = { ticket: 0, ids: [], count: 0, outputs: [] };

async function read({ ticket, ids }) {
  const H = network.size;
  const all = [lineEnd, ...ids];
  const outputs = network.layers.map(() => new Float32Array(all.length * H));
  Object.assign(reading, { ticket, ids: all, count: 0, outputs });
  const state = network.start();
  let logits = null;
  let since = performance.now();
  let letters = [];
  for (const id of all) {
    if (logits) letters.push(judge(logits, id));
    logits = network.step(id, state);
    outputs.forEach((rows, layer) => rows.set(state[layer][0], reading.count * H));
    reading.count += 1;
    if (performance.now() - since > BREATH) {
      post("letters", { ticket, letters, done: false });
      letters = [];
      await breath();
      if (ticket !== reading.ticket) return;
      since = performance.now();
    }
  }
  post("letters", { ticket, letters, done: true });
}

/* How surprising a letter is, and what was expected. */
function judge(logits, id) {
  const shares = probabilities(logits, { temperature: 1, topK: null, topP: null });
  const expected = ranking(logits).slice(0, EXPECTED).map((other) => [other, shares[other]]);
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const sum = logits.reduce((a, b) => a + Math.exp(b - highest), 0);
  return { nats: highest + Math.log(sum) - logits[id], expected };
}

const answer = {
  async load({ model, packed }) {
    network = new Network(model, await unpack(packed, model));
    lineEnd = Math.max(0, model.characters.indexOf(10));
    post("loaded");
  },
  begin,
  heard() {
    text.heard = true;
  },
  async write(message) {
    if (await begin(message)) await answer.goOn(message);
  },
  async goOn({ choice, length, pace }) {
    Object.assign(text, { choice, pace, left: length, began: performance.now() });
    await write();
  },
  stop() {
    Object.assign(text, { turn: text.turn + 1, left: 0 });
    tell();
    post("ended", { ticket: text.ticket });
  },
  choose({ choice, pace }) {
    Object.assign(text, { choice, pace });
    tell();
  },
  /* The reader takes the letter that follows `count` letters. If the model writes, it goes on. */
  async take({ id, count }) {
    if (count !== text.count) return; // it was shown before another letter came
    take(id);
    tell();
    if (text.left > 0) {
      text.left -= 1;
      await write();
    }
  },
  read,
  /* What a unit held after each letter that has been read so far. */
  unit({ layer, unit }) {
    const { ticket, ids, count, outputs } = reading;
    const values = network.unit(layer, unit, ids.slice(0, count), outputs);
    for (const numbers of Object.values(values)) numbers.shift(); // of the line end before it
    post("unit", { ticket, layer, unit, values });
  },
};

self.onmessage = async ({ data }) => {
  try {
    await answer[data.kind](data);
  } catch (error) {
    post("failed", { message: String(error) });
  }
};
