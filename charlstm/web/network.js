/* The network: what `charlstm/model/cells.py` and `charlstm/sampling/sampler.py` do. */

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/* The recurrences, for one unit. `u` is the input's share of its gates and `v` that of the old
   outputs. `old` holds its states. The step returns the new states, then the gates. */
const CELLS = {
  rnn: {
    states: "h",
    values: "h",
    step: (u, v) => [Math.tanh(u[0] + v[0])],
  },
  gru: {
    states: "h",
    values: "hrzn",
    step(u, v, [h]) {
      const r = sigmoid(u[0] + v[0]);
      const z = sigmoid(u[1] + v[1]);
      const n = Math.tanh(u[2] + r * v[2]);
      return [n + z * (h - n), r, z, n];
    },
  },
  lstm: {
    states: "hc",
    values: "hcifgo",
    step(u, v, old) {
      return CELLS.peephole.step(u, v, old, [0, 0, 0]);
    },
  },
  peephole: {
    states: "hc",
    values: "hcifgo",
    step(u, v, [, before], [pi, pf, po]) {
      const i = sigmoid(u[0] + v[0] + pi * before);
      const f = sigmoid(u[1] + v[1] + pf * before);
      const g = Math.tanh(u[2] + v[2]);
      const c = f * before + i * g;
      const o = sigmoid(u[3] + v[3] + po * c);
      return [o * Math.tanh(c), c, i, f, g, o];
    },
  },
  coupled: {
    states: "hc",
    values: "hcfgo",
    step(u, v, [, before]) {
      const f = sigmoid(u[0] + v[0]);
      const g = Math.tanh(u[1] + v[1]);
      const o = sigmoid(u[2] + v[2]);
      const c = g + f * (before - g);
      return [o * Math.tanh(c), c, f, g, o];
    },
  },
};

/* Sizes: V characters, H units of a layer, G gates, D inputs of a layer. */
class Network {
  /* `model` is what the page says of the model; `weights` holds Float32Arrays by name. */
  constructor(model, weights) {
    const { layers, units: H, characters } = model;
    this.cell = CELLS[model.cell];
    this.size = H;
    this.sum = model.readout === "sum";
    const V = characters.length;
    const rows = weights["layers.0.bias_ih"].length;
    this.gates = rows / H;
    const vectors = (layers + 1) * Memory.bytes(H);
    const memory = new Memory(2 * layers * Matrix.bytes(rows, H) + Matrix.bytes(V, H) + vectors);
    this.input = memory.floats(H);
    this.layers = [];
    for (let k = 0; k < layers; k++) {
      const of = (name) => weights[`layers.${k}.${name}`];
      const peephole = of("weight_peephole");
      this.layers.push({
        before: memory.floats(H),
        inputs: k && new Matrix(memory, of("weight_ih"), rows, H, of("bias_ih")),
        outputs: new Matrix(memory, of("weight_hh"), rows, H, of("bias_hh")),
        peepholes: peephole && Array.from({ length: H }, (_, unit) =>
          [0, 1, 2].map((row) => peephole[row * H + unit])),
      });
    }
    this.head = new Matrix(memory, weights["head.weight"], V, H, weights["head.bias"]);
    this.table = new Map(); // a row for each character that came, made when it first comes
    this.first = {
      embedding: weights["embedding.weight"],
      weight: weights["layers.0.weight_ih"],
      bias: weights["layers.0.bias_ih"],
    };
    this.characters = V;
  }

  /* The share of a character in the gates of the lowest layer, (G H). */
  share(id) {
    if (!this.table.has(id)) {
      const { embedding, weight, bias } = this.first;
      const D = weight.length / bias.length;
      const row = Float32Array.from(bias);
      for (let r = 0; r < row.length; r++) {
        if (!embedding) row[r] += weight[r * D + id]; // one-hot: the matrix's own column
        else for (let d = 0; d < D; d++) row[r] += weight[r * D + d] * embedding[id * D + d];
      }
      this.table.set(id, row);
    }
    return this.table.get(id);
  }

  /* The state before a text: for each layer its states, each (H). */
  start() {
    return this.layers.map(() => [...this.cell.states].map(() => new Float32Array(this.size)));
  }

  /* Read one character and put the new state in place of the old one. Return the logits (V); the
     next step overwrites them. */
  step(id, state) {
    const { cell, size: H, gates: G } = this;
    const features = this.input;
    let inputs = null;
    this.layers.forEach((layer, k) => {
      layer.before.set(state[k][0]);
      const u = k ? layer.inputs.times(inputs) : this.share(id);
      const v = layer.outputs.times(layer.before);
      const [ofU, ofV, old] = [[], [], []];
      for (let unit = 0; unit < H; unit++) {
        for (let gate = 0; gate < G; gate++) {
          ofU[gate] = u[gate * H + unit];
          ofV[gate] = v[gate * H + unit];
        }
        for (let s = 0; s < state[k].length; s++) old[s] = state[k][s][unit];
        const now = cell.step(ofU, ofV, old, layer.peepholes && layer.peepholes[unit]);
        for (let s = 0; s < state[k].length; s++) state[k][s][unit] = now[s];
        features[unit] = now[0] + (k && this.sum ? features[unit] : 0);
      }
      layer.before.set(state[k][0]);
      inputs = layer.before;
    });
    return this.head.times(features).subarray(0, this.characters);
  }

  /* What one unit held after each character of a text: by name, each (T).

     `ids` (T) is the text, and `outputs` holds for each layer what it put out, T rows of H. Nothing
     but these is kept of a text: all else that a unit holds follows from them. */
  unit(layer, unit, ids, outputs) {
    const { cell, size: H, gates: G } = this;
    const { inputs, outputs: recurrent, peepholes } = this.layers[layer];
    const found = Object.fromEntries([...cell.values].map((name) => [name, []]));
    const rows = Array.from({ length: G }, (_, gate) => gate * H + unit);
    const ofInputs = rows.map((row) => (layer ? inputs.row(row) : (id) => this.share(id)[row]));
    const ofOutputs = rows.map((row) => recurrent.row(row));
    let old = [...cell.states].map(() => 0);
    let before = new Float32Array(H);
    ids.forEach((id, t) => {
      const below = layer ? outputs[layer - 1].subarray(t * H, (t + 1) * H) : id;
      const u = ofInputs.map((row) => row(below));
      const v = ofOutputs.map((row) => row(before));
      const now = cell.step(u, v, old, peepholes && peepholes[unit]);
      [...cell.values].forEach((name, n) => found[name].push(now[n]));
      old = now.slice(0, old.length);
      before = outputs[layer].subarray(t * H, (t + 1) * H);
    });
    return found;
  }
}
