/* Matrices: the product of a matrix and a vector takes nearly all of the time, so it is WebAssembly.

   A matrix lies in blocks of 16 rows, in each block column after column:

     for each block:          four sums = zeros; a sum is a vector of four numbers
       for each column:       sums += the block's 16 numbers of the column * the vector's number
       write the four sums

   The code below is that program. Its bytes are those of the WebAssembly specification, section 5.4. */

"use strict";

const ROWS = 16;

function program() {
  const [matrix, vector, out, blocks, columns, x, end] = [0, 1, 2, 3, 4, 5, 6]; // whole numbers
  const [number, ...sums] = [7, 8, 9, 10, 11]; // vectors
  const get = (local) => [0x20, local];
  const set = (local) => [0x21, local];
  const tee = (local) => [0x22, local]; // set, and leave it on the stack
  const i32 = (value) => [0x41, value];
  const [add, subtract, shiftLeft, less] = [0x6a, 0x6b, 0x74, 0x49];
  const bytes64 = [...i32(0xc0), 0]; // 64 as a signed LEB128
  const load = (offset) => [0xfd, 0, 2, offset];
  const store = (offset) => [0xfd, 11, 2, offset];
  const fourTimes = [0xfd, 9, 2, 0]; // load one number, four times side by side
  const zeros = [0xfd, 12, new Array(16).fill(0)];
  const [times, plus] = [[0xfd, 0xe6, 1], [0xfd, 0xe4, 1]];
  const [loop, again, done] = [[0x03, 0x40], [0x0d, 0], 0x0b];
  const code = [
    loop,
    sums.map((sum) => [zeros, set(sum)]),
    get(vector), tee(x), get(columns), i32(2), shiftLeft, add, set(end),
    loop,
    get(x), fourTimes, set(number),
    sums.map((sum, k) => [get(sum), get(matrix), load(16 * k), get(number), times, plus, set(sum)]),
    get(matrix), bytes64, add, set(matrix),
    get(x), i32(4), add, tee(x), get(end), less, again,
    done,
    sums.map((sum, k) => [get(out), get(sum), store(16 * k)]),
    get(out), bytes64, add, set(out),
    get(blocks), i32(1), subtract, tee(blocks), again,
    done,
  ].flat(9);
  const text = (word) => [word.length, ...[...word].map((letter) => letter.charCodeAt(0))];
  const size = (length) => (length < 128 ? [length] : [(length & 127) | 128, length >> 7]);
  const section = (id, ...parts) => [id, ...size(parts.flat().length), ...parts.flat()];
  const body = [2, 2, 0x7f, 5, 0x7b, ...code, done]; // locals: 2 whole numbers, 5 vectors
  return new Uint8Array([
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "asm", version 1
    section(1, [1, 0x60, 5, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0]), // a type: 5 whole numbers -> ()
    section(2, [1], text("js"), text("memory"), [2, 0, 1]),
    section(3, [1, 0]),
    section(7, [1], text("product"), [0, 0]),
    section(10, [1], size(body.length), body),
  ].flat());
}

/* The memory that WebAssembly sees. It is handed out once and never given back. */
class Memory {
  constructor(bytes) {
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
    this.used = 0;
    const module = new WebAssembly.Module(program());
    this.product = new WebAssembly.Instance(module, { js: { memory: this.memory } }).exports.product;
  }

  static bytes(count) {
    return 64 * Math.ceil(count / 16);
  }

  floats(count) {
    const at = this.used;
    this.used += Memory.bytes(count);
    return new Float32Array(this.memory.buffer, at, count);
  }
}

/* A matrix with a bias. `values` has its rows one after the other. */
class Matrix {
  constructor(memory, values, rows, columns, bias) {
    const blocks = Math.ceil(rows / ROWS);
    this.columns = columns;
    this.bias = bias;
    this.inBlocks = memory.floats(blocks * ROWS * columns);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        this.inBlocks[this.place(row, column)] = values[row * columns + column];
    this.out = memory.floats(blocks * ROWS);
    this.product = (vector) =>
      memory.product(this.inBlocks.byteOffset, vector, this.out.byteOffset, blocks, columns);
  }

  static bytes(rows, columns) {
    return Memory.bytes(rows) * (columns + 1);
  }

  place(row, column) {
    return (((row / ROWS) | 0) * this.columns + column) * ROWS + (row % ROWS);
  }

  /* The product with a vector that lies in the same memory, plus the bias. */
  times(vector) {
    this.product(vector.byteOffset);
    for (let row = 0; row < this.bias.length; row++) this.out[row] += this.bias[row];
    return this.out;
  }

  /* A function that returns one number of that product, for any vector. */
  row(row) {
    const weights = new Float32Array(this.columns);
    for (let k = 0; k < this.columns; k++) weights[k] = this.inBlocks[this.place(row, k)];
    return (vector) => {
      let sum = this.bias[row];
      for (let k = 0; k < weights.length; k++) sum += weights[k] * vector[k];
      return sum;
    };
  }
}
