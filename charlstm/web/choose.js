/* Draw the next character, as `charlstm/sampling/choose.py` does. */

/* The ids from the most likely on; of equally likely ones, the lower first. */
function ranking(logits) {
  return Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b);
}

/* The probability of each character: softmax(logits / temperature), of those that the cuts leave.
   `topK` and `topP` are null where nothing is cut. */
function probabilities(logits, { temperature, topK, topP }) {
  const shares = new Float64Array(logits.length);
  const highest = logits.reduce((a, b) => Math.max(a, b));
  if (temperature === 0) {
    shares[logits.indexOf(highest)] = 1;
    return shares;
  }
  const scale = Math.min(1 / temperature, 1e30);
  logits.forEach((logit, id) => (shares[id] = Math.exp((logit - highest) * scale)));
  if (topK !== null || topP !== null) {
    const ranks = ranking(logits);
    for (const id of ranks.slice(topK ?? Infinity)) shares[id] = 0;
    const enough = (topP ?? Infinity) * total(shares);
    let before = 0;
    for (const id of ranks) {
      const share = shares[id];
      if (before >= enough) shares[id] = 0;
      before += share;
    }
  }
  const sum = total(shares);
  return shares.map((share) => share / sum);
}

const total = (numbers) => numbers.reduce((a, b) => a + b, 0);

function draw(shares, random) {
  let left = random();
  let last = 0;
  for (let id = 0; id < shares.length; id++) {
    if (!shares[id]) continue;
    last = id;
    left -= shares[id];
    if (left < 0) break;
  }
  return last;
}

/* Random numbers from 0 to 1: sfc32 (Doty-Humphrey 2010), started by splitmix32 from a seed. */
function generator(seed) {
  let mix = (seed ^ (seed / 2 ** 32)) | 0;
  const [a, b, c] = [0, 1, 2].map(() => {
    mix = (mix + 0x9e3779b9) | 0;
    let t = Math.imul(mix ^ (mix >>> 16), 0x21f0aaad);
    t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
    return t ^ (t >>> 15);
  });
  const state = [a, b, c, 1];
  const next = () => {
    const t = (state[0] + state[1] + state[3]) | 0;
    state[3] = (state[3] + 1) | 0;
    state[0] = state[1] ^ (state[1] >>> 9);
    state[1] = (state[2] + (state[2] << 3)) | 0;
    state[2] = (((state[2] << 21) | (state[2] >>> 11)) + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let k = 0; k < 12; k++) next();
  return next;
}
