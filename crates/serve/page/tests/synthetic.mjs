// A synthetic run: words that start at random and drift into planted groups. It answers what the program would, for
// tests that need no training: 50,257 words, hostile words, broken frames.

/** Seeded random numbers (mulberry32), uniform and normal. */
function random(seed) {
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next());
  return { next, normal };
}

const GROUPS = ["animal", "colour", "day", "food", "person", "place", "tool", "weather", "number", "feeling"];
const FIRST = ["cat", "dog", "king", "queen", "piano"];

export function synthetic({
  words = 400,
  channels = 16,
  steps = [0, 1, 2, 4, 8, 16, 40, 80, 120, 160, 200],
  hostile = [],
  notFinite = [],
  broken = [],
  classed = true,
  seed = 7,
} = {}) {
  const { normal, next } = random(seed);
  const names = [...FIRST, ...hostile];
  while (names.length < words) names.push(`word${names.length}`);
  const group = (word) => (word < 2 ? 0 : word < 4 ? 4 : word === 4 ? 6 : word % GROUPS.length);
  const centres = GROUPS.map(() => Array.from({ length: channels }, normal));
  const noise = Float32Array.from({ length: words * channels }, () => 0.3 * normal());
  const table = (step) => {
    const learned = 1 - Math.exp(-step / 60);
    // Cat and dog also lose what tells them apart from the middle of their group, so that they become nearest neighbours.
    const own = (word) => (word < 2 ? 1 - 0.9 * learned : 1);
    return noise.map((value, i) => {
      const word = Math.floor(i / channels);
      return own(word) * value + learned * centres[group(word)][i % channels];
    });
  };
  const classes = (classed ? GROUPS : []).map((name, g) => ({
    name,
    words: names.map((_, id) => id).filter((id) => group(id) === g && id < 2000),
  }));
  const counts = names.map((_, id) => Math.round(15000 / (1 + id)) + 3);
  const context = 24;
  const places = Float32Array.from({ length: context * channels }, (_, i) =>
    Math.sin((Math.floor(i / channels) + 1) / (1 + (i % channels))),
  );
  const logged = Array.from({ length: 200 }, (_, i) => i + 1);
  const loss = logged.map((step) => 1.6 + 4.3 * Math.exp(-step / 50) + 0.1 * (next() - 0.5));
  return {
    name: "made-up",
    names,
    notFinite,
    broken,
    counts,
    classes,
    channels,
    steps,
    table,
    places,
    context,
    total: 200,
    watch: [
      [0, 1],
      [2, 3],
      [0, 4],
    ],
    logged,
    loss,
  };
}

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const cosine = (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b) || 1);

/** The program's answers, in the formats of the page's `source.ts`. */
export function answers(made) {
  const { names, channels, steps } = made;
  const rows = names.length;
  const kept = new Map();
  const centred = (step) => {
    if (kept.has(step)) return kept.get(step);
    const values = made.table(step);
    const mean = new Float64Array(channels);
    values.forEach((value, i) => (mean[i % channels] += value / rows));
    const seen = values.map((value, i) => value - mean[i % channels]);
    if (kept.size > 40) kept.clear();
    kept.set(step, seen);
    return seen;
  };
  const row = (values, word) => values.subarray(word * channels, (word + 1) * channels);
  let axes = null;
  /** The three principal directions of the newest frame, from at most 2,000 words. */
  const directions = () => {
    if (axes) return axes;
    const some = centred(steps.at(-1)).slice(0, Math.min(rows, 2000) * channels);
    axes = [0, 1, 2].map((axis) => {
      let direction = Float64Array.from({ length: channels }, (_, c) => 1 + ((c * 7 + axis) % 5));
      for (let round = 0; round < 30; round++) {
        const sum = new Float64Array(channels);
        for (let r = 0; r < some.length; r += channels) {
          let along = 0;
          for (let c = 0; c < channels; c++) along += some[r + c] * direction[c];
          for (let c = 0; c < channels; c++) sum[c] += along * some[r + c];
        }
        const length = Math.sqrt(dot(sum, sum));
        direction = sum.map((value) => value / length);
      }
      for (let r = 0; r < some.length; r += channels) {
        let along = 0;
        for (let c = 0; c < channels; c++) along += some[r + c] * direction[c];
        for (let c = 0; c < channels; c++) some[r + c] -= along * direction[c];
      }
      return direction;
    });
    return axes;
  };

  const drawn = new Map();
  /** The words of a frame on the principal axes, or, by another name, on the first two alone. */
  const points = (step, by = "pca") => {
    const key = `${step} ${by}`;
    if (!drawn.has(key)) drawn.set(key, project(step, by));
    return drawn.get(key);
  };
  const project = (step, by) => {
    const [seen, along] = [
      centred(step),
      directions().map((axis, i) => (by === "pca" || i < 2 ? axis : axis.map(() => 0))),
    ];
    const coordinates = new Float32Array(rows * 3);
    let scale = 1e-9;
    for (let word = 0; word < rows; word++) {
      for (let axis = 0; axis < 3; axis++) {
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += seen[word * channels + c] * along[axis][c];
        coordinates[3 * word + axis] = sum;
        scale = Math.max(scale, Math.abs(sum));
      }
    }
    const bytes = Buffer.alloc(20 + rows * 6);
    bytes.write("WSP1");
    [1, step, rows].forEach((value, i) => bytes.writeUInt32LE(value, 4 + 4 * i));
    bytes.writeFloatLE(scale, 16);
    coordinates.forEach((value, i) => bytes.writeInt16LE(Math.round((value / scale) * 32767), 20 + 2 * i));
    // A vector that is not finite has no coordinates.
    for (const word of made.notFinite)
      for (let axis = 0; axis < 3; axis++) bytes.writeInt16LE(-32768, 20 + 6 * word + 2 * axis);
    return bytes;
  };

  const neighbours = (step, word, top) => {
    const of = (values) =>
      names
        .map((_, id) => [id, cosine(row(values, word), row(values, id))])
        .filter(([id]) => id !== word)
        .sort((a, b) => b[1] - a[1])
        .slice(0, top);
    return { step, word, raw: of(made.table(step)), centred: of(centred(step)) };
  };

  const pair = (a, b, shown = steps) => {
    const bands = shown.map((step) => {
      const all = Array.from({ length: 200 }, (_, i) =>
        cosine(row(centred(step), (i * 37) % rows), row(centred(step), (i * 91 + 11) % rows)),
      ).sort((x, y) => x - y);
      return [all[10], all[100], all[190]];
    });
    const rank = (step, from, to) => neighbours(step, from, 10).centred.findIndex(([word]) => word === to) + 1 || null;
    return {
      a,
      b,
      steps: shown,
      ranks: shown.map((step) => [rank(step, a, b), rank(step, b, a)]),
      raw: shown.map((step) => cosine(row(made.table(step), a), row(made.table(step), b))),
      centred: shown.map((step) => cosine(row(centred(step), a), row(centred(step), b))),
      low: bands.map((band) => band[0]),
      middle: bands.map((band) => band[1]),
      high: bands.map((band) => band[2]),
    };
  };

  const positions = (step) => {
    const { places, context } = made;
    const bytes = Buffer.alloc(16 + context * context + context * 12);
    bytes.write("WSQ1");
    [step, context, 1].forEach((value, i) => bytes.writeUInt32LE(value, 4 + 4 * i));
    for (let i = 0; i < context * context; i++)
      bytes.writeInt8(Math.round(127 * cosine(row(places, Math.floor(i / context)), row(places, i % context))), 16 + i);
    for (let i = 0; i < context * 3; i++)
      bytes.writeFloatLE(places[Math.floor(i / 3) * channels + (i % 3)], 16 + context * context + 4 * i);
    return bytes;
  };

  const sentence = (step, text) => {
    const tokens = text
      .split(/\s+/)
      .filter(Boolean)
      .slice(0, made.context)
      .map((piece, position) => {
        const id = names.indexOf(piece);
        if (id < 0) throw new Error(`“${piece}” is not in the vocabulary of this run.`);
        const [token, position_vector] = [[...row(made.table(step), id)], [...row(made.places, position)]];
        return {
          id,
          piece,
          position,
          token,
          position_vector,
          sum: token.map((value, c) => value + position_vector[c]),
        };
      });
    return { step, channels, tokens };
  };

  const summary = (shown) => ({
    id: 0,
    name: made.name,
    state: shown === steps.length ? "complete" : shown ? "training" : "waiting",
    step: steps[shown - 1] ?? 0,
    steps: made.total,
    words: rows,
    channels,
    frames: steps.slice(0, shown),
    axes: 1,
    log: 100 * shown,
  });
  const run = (shown) => ({
    ...summary(shown),
    words: names,
    count: rows,
    path: "runs/made-up",
    seed: 42,
    positions: "learned",
    tied: true,
    context: made.context,
    layers: 2,
    heads: 4,
    tokenizer: "word",
    text: "made up",
    config: '[run]\nname = "made-up"\n',
    provenance: { device: "none" },
    counts: made.counts,
    classes: made.classes,
    watch: made.watch,
    limits: null,
  });
  const log = (shown) => {
    const last = steps[shown - 1] ?? 0;
    const seen = made.logged.filter((step) => step <= last);
    const evaluated = steps.slice(0, shown).filter((step) => step % 40 === 0);
    return {
      schema: 1,
      steps: seen,
      loss: made.loss.slice(0, seen.length),
      smoothed: made.loss.slice(0, seen.length),
      evaluations: evaluated.map((step) => ({
        step,
        loss: 1.6 + 4.3 * Math.exp(-step / 50),
        perplexity: Math.exp(1.6 + 4.3 * Math.exp(-step / 50)),
        bits_per_character: 1,
      })),
      looks: steps
        .slice(0, shown)
        .map((step) => ({ step, purity: 0.06 + 0.9 * (1 - Math.exp(-step / 60)), chance: [-0.2, 0, 0.2], pairs: [] })),
      tokens: 1024 * last,
      seconds: last / 10,
    };
  };
  return { summary, run, log, points, neighbours, pair, positions, sentence, steps };
}
