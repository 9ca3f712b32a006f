const MODEL = JSON.parse(document.getElementById("model").textContent);

/* ---- the model ---- */

const TYPES = { f4: Float32Array, f8: Float64Array, i1: Int8Array, i4: Int32Array };
function unpacked([type, text]) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new TYPES[type](bytes.buffer);
}
const TABLE = Object.fromEntries(
  ["rows", "basis", "mean", "beside", "fields", "codeColumns", "codes", "statistics"]
    .filter((name) => MODEL[name]).map((name) => [name, unpacked(MODEL[name])]));
const LAYERS = MODEL.layers.map((layer) => ({ ...layer, kernel: unpacked(layer.kernel), bias: unpacked(layer.bias) }));
const { width, dim, nFields, nOutputs, nFeatures } = MODEL;
const N_SIZES = MODEL.sized ? nFields : 0;

function row(feature) {
  if (!TABLE.basis) return TABLE.rows.subarray(feature * width, (feature + 1) * width);
  const k = TABLE.basis.length / width, out = Float64Array.from(TABLE.mean);
  for (let i = 0; i < k; i++) {
    const code = TABLE.rows[feature * k + i];
    if (code) for (let j = 0; j < width; j++) out[j] += code * TABLE.basis[i * width + j];
  }
  return out;
}

function erf(x) {
  // series, and the continued fraction where it would take long
  const z = Math.abs(x);
  if (z > 5.8) return Math.sign(x);
  if (z < 2.5) {
    let term = z, sum = z;
    for (let n = 1; n < 60; n++) { term *= -z * z / n; sum += term / (2 * n + 1); }
    return Math.sign(x) * sum * 2 / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction));
}
const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const ACTIVATIONS = {
  relu: (z) => Math.max(z, 0), tanh: Math.tanh, sigmoid, linear: (z) => z,
  elu: (z) => (z > 0 ? z : Math.expm1(z)),
  selu: (z) => 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * Math.expm1(z)),
  gelu: (z) => 0.5 * z * (1 + erf(z * Math.SQRT1_2)),
  silu: (z) => z * sigmoid(z),
  softplus: (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
};
const activate = ACTIVATIONS[MODEL.activation];

function dense(values, { kernel, bias }) {
  const out = Float64Array.from(bias), n = bias.length;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value) for (let j = 0; j < n; j++) out[j] += value * kernel[i * n + j];
  }
  return out;
}
function forward(inputs) {
  const sums = [];
  let values = inputs;
  for (const layer of LAYERS) {
    sums.push(dense(values, layer));
    values = sums[sums.length - 1].map(activate);
  }
  return sums;
}

/* Outputs of entries {feature, value, label}, and what each adds to them (rescale rule of DeepLIFT). */
function predict(entries) {
  const outputs = new Float64Array(nOutputs);
  const besides = entries.map(({ feature, value }) => {
    const parts = new Float64Array(nOutputs);
    if (TABLE.beside && feature < nFeatures) {
      for (let o = 0; o < nOutputs; o++) parts[o] = value * TABLE.beside[feature * nOutputs + o];
    }
    return parts;
  });
  const all = entries.concat(statistics(entries));
  const inNetwork = (entry) => MODEL.keepsCategories || entry.feature >= nFeatures || TABLE.codeColumns[entry.feature] < 0;
  const used = all.map((entry, number) => ({ ...entry, number, row: row(entry.feature), field: TABLE.fields ? TABLE.fields[entry.feature] : 0 })).filter(inNetwork);
  const squares = new Float64Array(nFields), totals = new Float64Array(nFields);
  for (const { field, value } of used) {
    squares[field] += value * value;
    totals[field] += MODEL.combiner === "mean" ? Math.abs(value) : value * value;
  }
  const scaled = (field) => MODEL.combiner !== "sum" && !MODEL.summed[field];
  const divisors = totals.map((total) => (MODEL.combiner === "mean" ? total : Math.sqrt(total)));
  const inputs = new Float64Array(N_SIZES + nFields * dim), linear = new Float64Array(nOutputs);
  for (const entry of used) {
    entry.weight = entry.value / (scaled(entry.field) && divisors[entry.field] > 0 ? divisors[entry.field] : 1);
    const start = N_SIZES + entry.field * dim;
    for (let j = 0; j < dim; j++) inputs[start + j] += entry.weight * entry.row[j];
    for (let o = 0; o < MODEL.linearScale.length; o++) linear[o] += entry.weight * entry.row[dim + o] * MODEL.linearScale[o];
  }
  for (let f = 0; f < N_SIZES; f++) inputs[f] = scaled(f) ? Math.log1p(divisors[f]) : 0;
  const zero = forward(new Float64Array(inputs.length)), sums = forward(inputs);
  for (let o = 0; o < nOutputs; o++) outputs[o] = sums[sums.length - 1][o] + linear[o];
  for (const parts of besides) for (let o = 0; o < nOutputs; o++) outputs[o] += parts[o];
  const slopes = sums.slice(0, -1).map((sum, n) => sum.map((z, j) => {
    const step = Math.abs(z - zero[n][j]) < 1e-6 ? 1e-6 : z - zero[n][j];
    return (activate(zero[n][j] + step) - activate(zero[n][j])) / step;
  }));
  const explained = (output) => {
    let passed = Float64Array.from({ length: LAYERS[LAYERS.length - 1].kernel.length / nOutputs }, (_, i) => LAYERS[LAYERS.length - 1].kernel[i * nOutputs + output]);
    for (let n = LAYERS.length - 2; n >= 0; n--) {
      const { kernel, bias } = LAYERS[n], units = bias.length;
      passed = Float64Array.from({ length: kernel.length / units }, (_, i) => {
        let sum = 0;
        for (let j = 0; j < units; j++) sum += kernel[i * units + j] * passed[j] * slopes[n][j];
        return sum;
      });
    }
    const parts = all.map((_, n) => (n < besides.length ? besides[n][output] : 0));
    for (const entry of used) {
      const start = N_SIZES + entry.field * dim;
      let part = 0;
      for (let j = 0; j < dim; j++) part += entry.row[j] * passed[start + j];
      if (output < MODEL.linearScale.length) part += entry.row[dim + output] * MODEL.linearScale[output];
      parts[entry.number] += part * entry.weight;
      if (N_SIZES && squares[entry.field] > 0) parts[entry.number] += inputs[entry.field] * passed[entry.field] * entry.value * entry.value / squares[entry.field];
    }
    const byLabel = new Map();
    all.forEach(({ labels }, n) => labels.forEach((label) => byLabel.set(label, (byLabel.get(label) || 0) + parts[n] / labels.length)));
    return byLabel;
  };
  return { outputs, explained };
}

const KEYS = MODEL.keys && new Map(MODEL.keys.map((key, place) => [key, place]));
function statistics(entries) {
  if (!KEYS) return [];
  const codes = new Array(MODEL.codeSizes.length).fill(0);
  for (const { feature, value } of entries) {
    const column = TABLE.codeColumns[feature];
    if (column >= 0 && value) codes[column] = TABLE.codes[feature];
  }
  const made = [], each = MODEL.nStatistics;
  MODEL.members.forEach((members, number) => {
    const key = `${number}:${members.map((member) => codes[member]).join(",")}`;
    const place = KEYS.has(key) ? KEYS.get(key) : MODEL.keys.length + number;
    for (let i = 0; i < each; i++) {
      const value = TABLE.statistics[place * each + i];
      if (value) made.push({ feature: nFeatures + number * each + i, value, labels: MODEL.memberLabels[number] });
    }
  });
  return made;
}

/* ---- inputs to entries ---- */

const LOWER = new Map();
for (let i = 0; i < MODEL.lower.length; i += 2) LOWER.set(MODEL.lower[i], MODEL.lower[i + 1]);
function lowered(text) {
  let out = "", place = 0;
  for (const c of text) {
    if (c === "\u03a3") {  // its lower case depends on its neighbours
      const before = text.slice(Math.max(0, place - 60), place);
      out += (before + text.slice(place, place + 60)).toLowerCase()[before.toLowerCase().length];
    } else out += LOWER.get(c) ?? c;
    place += c.length;
  }
  return out;
}
const WORDS = new RegExp(`[${MODEL.wordClass}]+|[^${MODEL.wordClass}${MODEL.spaceClass}]`, "gu");
const tokens = (text, group) => (group.lowercase ? lowered(text) : text).match(WORDS) || [];

const VOCABULARIES = new Map();
function vocabulary(input) {
  if (!VOCABULARIES.has(input)) VOCABULARIES.set(input, new Map(input.terms.map((term, i) => [term, input.start + i])));
  return VOCABULARIES.get(input);
}

function termEntries(group, given) {
  const counts = new Map(), labels = new Map(), unknown = [];
  const count = (feature, label) => { counts.set(feature, (counts.get(feature) || 0) + 1); labels.set(feature, label); };
  for (const input of group.inputs) {
    const known = vocabulary(input), label = (term) => (input.byColumn ? input.name : term);
    let terms = given.get(input);
    if (input.kind === "category" && !terms.length && input.missing >= 0) count(input.missing, input.name);
    terms = terms.filter((term) => !group.stopTerms.includes(term));
    for (let n = group.ngrams[0]; n <= group.ngrams[1]; n++) {
      for (let i = 0; i + n <= terms.length; i++) {
        const gram = terms.slice(i, i + n).join(" "), feature = known.get(gram);
        if (feature !== undefined) count(feature, label(gram));
        else if (n === 1) unknown.push(gram);
      }
    }
  }
  let entries = [...counts].map(([feature, n]) => ({ feature, value: n, labels: [labels.get(feature)] }));
  if (group.weighting === "binary") entries.forEach((entry) => { entry.value = 1; });
  if (group.weighting === "sublinear") entries.forEach((entry) => { entry.value = 1 + Math.log(entry.value); });
  if (group.weighting === "tfidf") {
    const first = Math.min(...group.inputs.map((input) => input.start));
    entries.forEach((entry) => { entry.value *= group.idf[entry.feature - first]; });
    const length = Math.hypot(...entries.map((entry) => entry.value)) || 1;
    entries.forEach((entry) => { entry.value /= length; });
  }
  return { entries, unknown };
}

function below(edges, x) {
  let n = 0;
  while (n < edges.length && edges[n] <= x) n++;
  return n;
}
function numberEntries(input, x) {
  const lost = Number.isNaN(x), entries = [], labels = [input.name];
  const add = (feature, value) => { if (value) entries.push({ feature, value, labels }); };
  for (const { edges, start } of input.bins) {
    const n = edges.length;
    if (input.encoding === "bin") { add(start + (lost ? n + 1 : below(edges, x)), 1); continue; }
    const place = lost ? n - 1 : Math.min(Math.max(below(edges, x) - 1, 0), n - 1);
    const from = edges[place], to = edges[Math.min(place + 1, n - 1)];
    const inside = Math.min(Math.max(x, edges[0]), edges[n - 1]);
    const share = lost ? 1 : Math.fround((inside / 2 - from / 2) / (to > from ? to / 2 - from / 2 : 1));
    add(start + place, Math.fround(1 - share));
    add(start + place + 1, share);
  }
  if (input.scale && !lost) {
    const [knots, heights] = input.scale, n = knots.length;
    const i = Math.min(Math.max(below(knots, x) - 1, 0), Math.max(n - 2, 0));
    const inside = Math.min(Math.max(x, knots[0]), knots[n - 1]);
    const slope = n > 1 && knots[i + 1] > knots[i] ? (heights[i + 1] - heights[i]) / (knots[i + 1] - knots[i]) : 0;
    add(input.number, Math.fround(heights[i] + slope * (inside - knots[i])));
  }
  return entries;
}

function entriesOf(given) {
  let entries = [], unknown = [];
  for (const group of MODEL.groups) {
    const made = termEntries(group, given);
    entries = entries.concat(made.entries);
    unknown = unknown.concat(made.unknown);
  }
  for (const input of MODEL.numbers) entries = entries.concat(numberEntries(input, given.get(input)));
  return { entries: entries.sort((a, b) => a.feature - b.feature), unknown };
}

function predictions(outputs) {
  if (MODEL.link === "sigmoid") return [sigmoid(-outputs[0]), sigmoid(outputs[0])];
  if (MODEL.link === "labels") return [...outputs].map(sigmoid);
  if (MODEL.link === "softmax") {
    const most = Math.max(...outputs), parts = [...outputs].map((z) => Math.exp(z - most));
    const sum = parts.reduce((a, b) => a + b, 0);
    return parts.map((part) => part / sum);
  }
  return MODEL.link === "exp" ? [...outputs].map(Math.exp) : [...outputs];
}

/* ---- the form ---- */

const element = (kind, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...children);
  return made;
};
const byId = (name) => document.getElementById(name);
const READERS = new Map();
let fieldNumber = 0;

function addField(name, control, wide) {
  control.id = `input-${fieldNumber++}`;
  const shown = { tokens: "Text", terms: "Terms" }[name] ?? name;
  const label = element("label", { htmlFor: control.id }, element("bdi", {}, shown));
  const field = element("div", {}, label, control);
  if (wide) field.className = "wide";
  byId("form").append(field);
  return field;
}

function addText(input, group) {
  const area = element("textarea", { value: MODEL.samples[input.name] || "", spellcheck: false });
  addField(input.name, area, true);
  READERS.set(input, () => tokens(area.value, group));
}
function addCategory(input) {
  const few = input.terms.length <= 300;
  const control = few ? element("select", {}, element("option", { value: "" }, "(missing)")) : element("input");
  if (few) input.terms.forEach((term) => control.append(element("option", { value: term }, term)));
  control.value = MODEL.samples[input.name] ?? "";
  addField(input.name, control, false);
  READERS.set(input, () => (control.value === "" ? [] : [control.value]));
}
function addList(input) {
  const chosen = MODEL.samples[input.name] ? [...MODEL.samples[input.name]] : [];
  const box = element("input"), chips = element("ul", { className: "chips" });
  const options = element("datalist", { id: `terms-${fieldNumber}` }, ...input.terms.slice(0, 2000).map((term) => element("option", { value: term })));
  const field = addField(input.name, box, true);
  field.append(options, element("p", { className: "note" }, "Enter adds a term; press one to remove it."), chips);
  box.setAttribute("list", options.id);
  const known = new Set(input.terms);
  const draw = () => {
    chips.replaceChildren(...chosen.map((term, i) => element("li", {}, element("button", {
      type: "button", ariaLabel: `remove ${term}`,
      onclick: () => { chosen.splice(i, 1); draw(); update(); box.focus(); },
    }, element("bdi", {}, term), " \u00d7"))));
  };
  const add = () => {
    if (!box.value) return;
    chosen.push(box.value);
    box.value = "";
    draw();
    update();
  };
  box.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); add(); } });
  box.addEventListener("input", (event) => { if (event.inputType === "insertReplacementText" && known.has(box.value)) add(); });
  draw();
  READERS.set(input, () => chosen.concat(known.has(box.value) ? [box.value] : []));
}
function addNumber(input) {
  const [low, high] = input.range, box = element("input", { type: "number", step: "any" });
  box.placeholder = `${low} \u2013 ${high}`;
  box.title = `${low} to ${high} in training; empty: missing`;
  if (MODEL.samples[input.name] !== undefined) box.value = MODEL.samples[input.name];
  addField(input.name, box, false);
  READERS.set(input, () => (box.value === "" ? NaN : Number(box.value)));
}
for (const group of MODEL.groups) {
  for (const input of group.inputs) {
    if (input.kind === "text") addText(input, group);
    else if (input.kind === "category") addCategory(input);
    else addList(input);
  }
}
MODEL.numbers.forEach(addNumber);

/* ---- the answer ---- */

let shownOutput = null;
const percent = (p) => (p >= 0.9995 ? "> 99.9 %" : p < 0.0005 ? "< 0.1 %" : `${(100 * p).toFixed(1)} %`);
const bar = (from, to, against) => {
  const part = element("i", { className: against ? "against" : "" });
  part.style.left = `${100 * from}%`;
  part.style.width = `${100 * (to - from)}%`;
  return element("span", { className: "track" }, part);
};

function showPredictions(values) {
  const box = byId("probabilities");
  if (!MODEL.classes) {
    box.replaceChildren(...values.map((value) => element("p", { className: "number" }, Number(value.toPrecision(5)).toLocaleString("en"))));
    return;
  }
  const order = values.map((_, i) => i).sort((a, b) => values[b] - values[a]).slice(0, 12);
  box.replaceChildren(element("ul", { className: "bars" }, ...order.map((i) => element("li", {},
    element("button", { type: "button", ariaPressed: String(i === shownClass(values)), onclick: () => { shownOutput = i; update(); } }, element("bdi", {}, MODEL.classes[i])),
    bar(0, values[i], false),
    element("output", {}, percent(values[i]))))));
}
const shownClass = (values) => shownOutput ?? values.indexOf(Math.max(...values));

function showContributions(byLabel, sign) {
  const parts = [...byLabel].map(([label, part]) => [label, sign * part]).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const shown = parts.slice(0, 14), most = Math.abs(shown[0]?.[1] ?? 1) || 1;
  byId("contributions").replaceChildren(...shown.map(([label, part]) => {
    const half = Math.abs(part) / most / 2;
    return element("li", {}, element("bdi", { title: label }, label),
      part < 0 ? bar(0.5 - half, 0.5, true) : bar(0.5, 0.5 + half, false),
      element("output", {}, `${part < 0 ? "\u2212" : "+"}${Math.abs(part).toFixed(2)}`));
  }));
  const others = parts.slice(14).reduce((sum, [, part]) => sum + part, 0);
  byId("rest").textContent = parts.length > 14 ? `${parts.length - 14} others: ${others < 0 ? "\u2212" : "+"}${Math.abs(others).toFixed(2)}` : "";
}

function update() {
  const given = new Map([...READERS].map(([input, read]) => [input, read()]));
  const { entries, unknown } = entriesOf(given), { outputs, explained } = predict(entries);
  const values = predictions(outputs);
  showPredictions(values);
  const chosen = MODEL.classes ? shownClass(values) : 0;
  const single = MODEL.link === "sigmoid";
  byId("why").replaceChildren(...(MODEL.classes ? ["What speaks for ", element("bdi", {}, MODEL.classes[chosen]), ", and against it"] : ["What raises and lowers the number"]));
  showContributions(explained(single ? 0 : chosen), single && chosen === 0 ? -1 : 1);
  const names = [...new Set(unknown)];
  byId("unknown").textContent = names.length ? `Not in the vocabulary: ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", \u2026" : ""}` : "";
  drawPicture(new Set(entries.map((entry) => entry.feature)));
  return values;
}

/* ---- the picture ---- */

const HINT = "Terms of your input are named. Point at a dot to see its term.";
let places = null;
function drawPicture(lit) {
  if (!MODEL.positions) return;
  const canvas = byId("canvas"), box = canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1;
  if (!places) places = unpacked(MODEL.positions);
  canvas.width = box.width * ratio;
  canvas.height = box.height * ratio;
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  const x = (i) => (0.5 + places[2 * i] / 260) * box.width, y = (i) => (0.5 - places[2 * i + 1] / 260) * box.height;
  pen.scale(ratio, ratio);
  pen.fillStyle = style.getPropertyValue("--dot");
  for (let i = 0; i < places.length / 2; i++) pen.fillRect(x(i) - 1, y(i) - 1, 2, 2);
  pen.fillStyle = style.getPropertyValue("--accent");
  pen.font = "12px system-ui, sans-serif";
  const taken = [];
  for (const feature of lit) {
    const i = feature - MODEL.pictured.start;
    if (i < 0 || i >= places.length / 2) continue;
    pen.beginPath();
    pen.arc(x(i), y(i), 3, 0, 7);
    pen.fill();
    const long = pen.measureText(MODEL.pictured.terms[i]).width, top = Math.min(Math.max(y(i) + 4, 12), box.height - 4);
    const left = x(i) + 5 + long < box.width ? x(i) + 5 : x(i) - 5 - long;
    if (taken.some(([l, t, w]) => Math.abs(t - top) < 13 && left < l + w && l < left + long)) continue;
    taken.push([left, top, long]);
    pen.fillText(MODEL.pictured.terms[i], left, top);
  }
  canvas.onpointermove = (event) => {
    let best = 400, nearest = -1;
    for (let i = 0; i < places.length / 2; i++) {
      const far = (x(i) - event.offsetX) ** 2 + (y(i) - event.offsetY) ** 2;
      if (far < best) { best = far; nearest = i; }
    }
    byId("pointed").textContent = nearest < 0 ? HINT : MODEL.pictured.terms[nearest];
  };
}
if (MODEL.positions) {
  const inputs = MODEL.groups.flatMap((group) => group.inputs);
  MODEL.pictured = inputs[MODEL.picturedInput];
  byId("picture").hidden = false;
  byId("pointed").textContent = HINT;
}

byId("form").addEventListener("input", update);
byId("form").addEventListener("submit", (event) => event.preventDefault());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);
addEventListener("resize", update);
update();
document.documentElement.dataset.ready = "true";
