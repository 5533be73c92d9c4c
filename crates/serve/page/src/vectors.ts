// The vector arithmetic that a report needs, since it has no server to ask.

/** A table of vectors, [rows, channels]. */
export interface Table {
  rows: number;
  channels: number;
  values: Float32Array;
}

export const row = (table: Table, index: number): Float32Array =>
  table.values.subarray(index * table.channels, (index + 1) * table.channels);

export function cosine(a: Float32Array, b: Float32Array): number {
  let [product, aa, bb] = [0, 0, 0];
  for (let c = 0; c < a.length; c++) {
    product += a[c] * b[c];
    aa += a[c] * a[c];
    bb += b[c] * b[c];
  }
  return product / (Math.sqrt(aa * bb) || 1);
}

function mean(table: Table): Float64Array {
  const mean = new Float64Array(table.channels);
  table.values.forEach((value, index) => (mean[index % table.channels] += value / table.rows));
  return mean;
}

/** The table with the mean of its rows subtracted from each. */
export function subtractMean(table: Table): Table {
  const centre = mean(table);
  return { ...table, values: table.values.map((value, index) => value - centre[index % table.channels]) };
}

/** The `top` rows with the largest cosine to `word`, without itself. */
export function nearest(table: Table, word: number, top: number): [number, number][] {
  const from = row(table, word);
  const all: [number, number][] = [];
  for (let other = 0; other < table.rows; other++) {
    if (other !== word) all.push([other, cosine(from, row(table, other))]);
  }
  return all.sort((a, b) => b[1] - a[1]).slice(0, top);
}

/** The 5th, 50th and 95th percentile of the cosines of random pairs of rows; the pairs are the same at every call. */
export function randomPairs(table: Table, pairs = 400): [number, number, number] {
  let seed = 1;
  const draw = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * table.rows);
  };
  const cosines: number[] = [];
  for (let tries = 0; cosines.length < pairs && tries < 4 * pairs; tries++) {
    const [a, b] = [draw(), draw()];
    if (a !== b) cosines.push(cosine(row(table, a), row(table, b)));
  }
  cosines.sort((a, b) => a - b);
  const at = (share: number) => cosines[Math.round(share * (cosines.length - 1))] ?? 0;
  return [at(0.05), at(0.5), at(0.95)];
}

/** The rows on their three principal axes, [rows, 3], by power iteration with deflation. */
export function principal(table: Table): Float32Array {
  const { rows, channels } = table;
  const rest = subtractMean(table);
  const points = new Float32Array(rows * 3);
  for (let axis = 0; axis < 3; axis++) {
    const direction = principalDirection(rest);
    for (let r = 0; r < rows; r++) {
      const vector = row(rest, r);
      let along = 0;
      for (let c = 0; c < channels; c++) along += vector[c] * direction[c];
      points[r * 3 + axis] = along;
      for (let c = 0; c < channels; c++) vector[c] -= along * direction[c];
    }
  }
  return points;
}

/**
 * The rows of `table` on the axes of a pair, [rows, 3], relative to their mean. The first axis leads from `against` (or the
 * mean) to the middle of the pair in the last frame, the second from one word to the other in the first; the third is 0.
 */
export function pairCoordinates(
  table: Table,
  first: Table,
  last: Table,
  [a, b]: [number, number],
  against: number | null,
): Float32Array {
  const contrast = against === null ? mean(last) : row(last, against);
  const across = unit(row(last, a).map((x, c) => (x + row(last, b)[c]) / 2 - contrast[c]));
  const apart = row(first, a).map((x, c) => x - row(first, b)[c]);
  const shared = dot(apart, across);
  const up = unit(apart.map((x, c) => x - shared * across[c]));
  const centred = subtractMean(table);
  const points = new Float32Array(3 * table.rows);
  for (let r = 0; r < table.rows; r++) points.set([dot(row(centred, r), across), dot(row(centred, r), up)], 3 * r);
  return points;
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, c) => sum + value * b[c], 0);

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => (length > 0 ? value / length : 0));
}

/** Coordinates as `Points` holds them: value / 32767 × scale, −32768 for a point that is not finite. */
export function toInt16(points: Float32Array): { scale: number; coordinates: Int16Array } {
  const scale = points.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0) || 1;
  const coordinates = Int16Array.from(points, (x) => (Number.isFinite(x) ? Math.round((x / scale) * 32767) : -32768));
  return { scale, coordinates };
}

function principalDirection(table: Table): Float32Array {
  const { rows, channels } = table;
  let direction = new Float32Array(channels).map((_, c) => 1 + (c % 7) / 7);
  for (let round = 0; round < 40; round++) {
    const next = new Float32Array(channels);
    for (let r = 0; r < rows; r++) {
      const vector = row(table, r);
      let along = 0;
      for (let c = 0; c < channels; c++) along += vector[c] * direction[c];
      for (let c = 0; c < channels; c++) next[c] += along * vector[c];
    }
    const length = Math.hypot(...next) || 1;
    direction = next.map((value) => value / length);
  }
  return direction;
}

/** 16-bit floats as 32-bit ones. */
export function fromHalf(bytes: ArrayBuffer): Float32Array {
  const halves = new Uint16Array(bytes);
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const [sign, exponent, fraction] = [halves[i] >> 15 ? -1 : 1, (halves[i] >> 10) & 31, halves[i] & 1023];
    if (exponent === 0) floats[i] = sign * fraction * 2 ** -24;
    else if (exponent === 31) floats[i] = fraction ? NaN : sign * Infinity;
    else floats[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return floats;
}

export function fromBase64(text: string): ArrayBuffer {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes.buffer;
}
