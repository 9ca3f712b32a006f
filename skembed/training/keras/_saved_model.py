"""A portable model as TensorFlow functions: from strings and numbers to predictions.

The model is that of `skembed.serving`, whose arrays say what is computed.
"""

from typing import Any, NamedTuple

import numpy as np

from skembed.training.keras._tensorflow import tf

_ACTIVATIONS = {
    "relu": tf.nn.relu,
    "tanh": tf.tanh,
    "sigmoid": tf.sigmoid,
    "elu": tf.nn.elu,
    "selu": tf.nn.selu,
    "gelu": lambda z: tf.nn.gelu(z, approximate=False),
    "silu": tf.nn.silu,
    "softplus": tf.nn.softplus,
    "linear": tf.identity,
}


class _Entries(NamedTuple):
    """Entries of the rows of a sparse matrix."""

    rows: tf.Tensor  # (n_entries,) int64
    features: tf.Tensor  # (n_entries,) int64
    values: tf.Tensor  # (n_entries,)


class _Module(tf.Module):
    """The model's tables and weights, which the file holds once."""

    def __init__(self, model: Any, padding: str, missing: str) -> None:
        super().__init__()
        self.model, self.padding, self.missing = model, padding, missing
        self.dtype = model.network.table.dtype
        self.table = tf.Variable(model.network.table, trainable=False)
        self.linear = None if model.linear is None else tf.Variable(model.linear, trainable=False)
        columns = [column for group in model.terms for column in group.columns]
        self.vocabularies = {
            f"{number}": _numbered(column.terms, column.features)
            for number, column in enumerate(columns)
            if column.terms
        }
        self.combinations: Any = None
        if model.statistics is not None:
            keys = model.statistics.keys
            self.combinations = _numbered(keys, np.arange(len(keys)))
        self.keys = {c.name: f"{number}" for number, c in enumerate(columns) if c.terms}

    @property
    def specs(self) -> dict[str, tf.TensorSpec]:
        """What the inputs are, by name."""
        if self.model.is_bare:
            shape = (None, self.model.n_features)
            return {"X": tf.TensorSpec(shape, self.dtype, "X")}
        columns = [column for group in self.model.terms for column in group.columns]
        shapes = {c.name: (None, 1 if c.is_category else None) for c in columns}
        specs = {name: tf.TensorSpec(shape, tf.string, name) for name, shape in shapes.items()}
        numbers = [column.name for column in self.model.numbers]
        return specs | {name: tf.TensorSpec((None, 1), tf.float64, name) for name in numbers}

    def predict(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Outputs by name."""
        model = self.model
        n_rows = tf.shape(next(iter(inputs.values())), tf.int64)[0]
        if model.is_bare:
            places = tf.where(inputs["X"] != 0)
            entries = _Entries(places[:, 0], places[:, 1], tf.gather_nd(inputs["X"], places))
        else:
            parts = [self._terms(group, inputs, n_rows) for group in model.terms]
            parts += [self._numbers(column, inputs[column.name]) for column in model.numbers]
            entries = _joined(parts)
        outputs = self._outputs(entries, n_rows)
        return _named_outputs(outputs, model.classes, model.link)

    def _terms(self, group: Any, inputs: dict[str, tf.Tensor], n_rows: tf.Tensor) -> _Entries:
        """Entries of the inputs of one `VocabularyTransformer`."""
        width = self.model.n_features
        found = [self._features(group, column, inputs[column.name]) for column in group.columns]
        features = tf.concat([part for parts in found for part in parts], axis=1)
        places = tf.where(features >= 0)
        keys = places[:, 0] * width + tf.gather_nd(features, places)
        keys, _, counts = tf.unique_with_counts(keys, tf.int64)
        rows, features = keys // width, keys % width
        values = tf.cast(counts, tf.float64)
        if group.weighting == "binary":
            values = tf.ones_like(values)
        elif group.weighting == "sublinear":
            values = 1 + tf.math.log(values)
        elif group.idf is not None:
            idf = np.ones(width)
            idf[list(group.idf)] = list(group.idf.values())
            values *= tf.gather(tf.constant(idf), features)
            lengths = tf.sqrt(tf.math.unsorted_segment_sum(values**2, rows, n_rows))
            values /= tf.gather(lengths, rows)
        return _Entries(rows, features, tf.cast(values, self.dtype))

    def _features(self, group: Any, column: Any, terms: tf.Tensor) -> list[tf.Tensor]:
        """Features (n_rows, n_places) of the terms and n-grams of an input, -1 for none."""
        shortest, longest = group.ngram_range
        there = terms != self.padding
        if group.stop_terms:
            stops = tf.reduce_any(terms[..., None] == tf.constant(group.stop_terms), axis=-1)
            there &= ~stops
            # those that stay before the others, in their order
            order = tf.argsort(tf.cast(~there, tf.int32), axis=1, stable=True)
            terms, there = (tf.gather(part, order, batch_dims=1) for part in (terms, there))
        parts = []
        if column.missing is not None:
            lost = terms == self.missing
            there &= ~lost
            if column.is_category:
                lost |= terms == self.padding
            parts.append(tf.where(lost, np.int64(column.missing), np.int64(-1)))
        grams, whole = terms, there
        for length in range(1, longest + 1):
            if length > 1:
                grams = tf.strings.join([grams[:, :-1], terms[:, length - 1 :]], " ")
                whole = whole[:, :-1] & there[:, length - 1 :]
            if length >= shortest and column.terms:
                known = self.vocabularies[self.keys[column.name]].lookup(grams)
                parts.append(tf.where(whole, known, np.int64(-1)))
        return parts

    def _numbers(self, column: Any, x: tf.Tensor) -> _Entries:
        """Entries of an input of numbers, (n_rows, 1) float64."""
        lost, features, values = tf.math.is_nan(x), [], []
        for edges, own in zip(column.edges, column.features, strict=True):
            n, below = len(edges), _below(x, edges)
            if column.encoding == "bin":
                features.append(tf.gather(own, tf.where(lost, np.int64(n + 1), below)))
                values.append(tf.ones_like(x))
                continue
            place = tf.clip_by_value(below - 1, 0, n - 1)
            start = tf.gather(edges, place)
            stop = tf.gather(edges, tf.minimum(place + 1, n - 1))
            length = stop / 2 - start / 2
            share = (tf.clip_by_value(x, edges[0], edges[-1]) / 2 - start / 2) / tf.where(
                length > 0, length, 1
            )
            share = tf.cast(tf.cast(tf.where(lost, np.float64(1), share), tf.float32), tf.float64)
            place = tf.where(lost, np.int64(n - 1), place)
            features += [tf.gather(own, place), tf.gather(own, place + 1)]
            values += [1 - share, share]
        if column.scale is not None:
            features.append(tf.fill(tf.shape(x), np.int64(column.number)))
            values.append(tf.where(lost, np.float64(0), _interpolated(x, *column.scale)))
        numbers = tf.cast(tf.concat(values, axis=1), self.dtype)
        places = tf.where(numbers != 0)
        found = tf.gather_nd(tf.concat(features, axis=1), places)
        return _Entries(places[:, 0], found, tf.gather_nd(numbers, places))

    def _outputs(self, entries: _Entries, n_rows: tf.Tensor) -> tf.Tensor:
        beside = 0
        if self.linear is not None:
            weights = tf.gather(self.linear, entries.features) * entries.values[:, None]
            beside = tf.math.unsorted_segment_sum(weights, entries.rows, n_rows)
        if self.model.derived is not None:
            entries = self._extended(self.model.derived, entries, n_rows)
        return self._network(entries, n_rows) + beside

    def _network(self, entries: _Entries, n_rows: tf.Tensor) -> tf.Tensor:
        network, pooling = self.model.network, self.model.network.pooling
        layout, n_fields, dim = pooling.layout, pooling.n_fields, network.embedding_dim
        segments = entries.rows
        if layout is not None:
            fields = tf.gather(tf.constant(layout.numbers, tf.int64), entries.features)
            segments = segments * n_fields + fields
        n_segments = n_rows * n_fields
        weighted = tf.gather(self.table, entries.features) * entries.values[:, None]
        pooled = tf.math.unsorted_segment_sum(weighted, segments, n_segments)
        sizes = tf.zeros((n_rows, n_fields), self.dtype)
        if pooling.combiner != "sum":
            power = tf.abs if pooling.combiner == "mean" else tf.square
            by = tf.math.unsorted_segment_sum(power(entries.values), segments, n_segments)
            by = by if pooling.combiner == "mean" else tf.sqrt(by)
            by = tf.reshape(by, (-1, n_fields))
            terms = np.ones(n_fields, bool) if layout is None else ~layout.summed
            sizes = tf.where(terms, tf.math.log1p(by), tf.zeros_like(by))
            by = tf.where(terms & (by > 0), by, tf.ones_like(by))
            pooled /= tf.reshape(by, (-1, 1))
        values = tf.reshape(pooled[:, :dim], (-1, n_fields * dim))
        if network.sized:
            values = tf.concat([sizes, values], axis=1)
        activate = _ACTIVATIONS[network.activation]
        for number, (kernel, bias) in enumerate(zip(network.kernels, network.biases, strict=True)):
            values = (activate(values) if number else values) @ kernel + bias
        if len(network.linear_scale):
            linear = tf.reshape(pooled[:, dim:], (-1, n_fields, len(network.linear_scale)))
            values += tf.reduce_sum(linear, axis=1) * network.linear_scale
        return values

    def _extended(self, derived: Any, entries: _Entries, n_rows: tf.Tensor) -> _Entries:
        """Entries with the statistics behind, and without the categories where these go."""
        codes, table = derived.codes, self.model.statistics
        columns = tf.gather(tf.constant(codes.columns, tf.int64), entries.features)
        coded = columns >= 0
        places = tf.boolean_mask(entries.rows * codes.n_columns + columns, coded)
        own = tf.boolean_mask(
            tf.gather(tf.constant(codes.codes, tf.int64), entries.features), coded
        )
        made = tf.math.unsorted_segment_max(own, places, n_rows * codes.n_columns)
        made = tf.reshape(tf.maximum(made, 0), (-1, codes.n_columns))
        combinations = np.arange(table.weights.shape[1])
        keys = tf.matmul(made, tf.constant(table.weights)) + combinations
        places = self.combinations.lookup(keys)
        places = tf.where(places < 0, len(table.keys) + combinations, places)
        values = tf.gather(tf.constant(table.values, self.dtype), places)
        values = tf.reshape(values, (n_rows, derived.statistics.n_numbers))
        if not derived.keeps_categories:
            entries = _Entries(*(tf.boolean_mask(part, ~coded) for part in entries))
        places = tf.where(values != 0)
        found = places[:, 1] + self.model.n_features
        return _joined([entries, _Entries(places[:, 0], found, tf.gather_nd(values, places))])


def write_saved_model(model: Any, path: str, padding: str, missing: str) -> None:
    """Write a folder that TensorFlow serves: signature "serving_default", inputs by name."""
    module = _Module(model, padding, missing)
    module.serve = tf.function(module.predict, autograph=False)
    signature = module.serve.get_concrete_function(**module.specs)
    tf.saved_model.save(module, path, signatures={"serving_default": signature})


def run_saved_model(path: str, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Probabilities or predicted numbers of a folder."""
    serve = tf.saved_model.load(path).signatures["serving_default"]
    made = serve(**{name: tf.constant(array) for name, array in inputs.items()})
    return made["probabilities" if "probabilities" in made else "variable"].numpy()


def _numbered(keys: Any, numbers: np.ndarray) -> tf.lookup.StaticHashTable:
    kind = tf.string if isinstance(keys, list) else tf.int64
    pairs = tf.lookup.KeyValueTensorInitializer(keys, numbers, kind, tf.int64)
    return tf.lookup.StaticHashTable(pairs, -1)


def _joined(parts: list[_Entries]) -> _Entries:
    return _Entries(*(tf.concat(of, axis=0) for of in zip(*parts, strict=True)))


def _below(x: tf.Tensor, edges: np.ndarray) -> tf.Tensor:
    """How many of ascending numbers are at most x, (n_rows, 1) int64; 0 where it is NaN."""
    return tf.reduce_sum(tf.cast(x >= edges, tf.int64), axis=1, keepdims=True)


def _interpolated(x: tf.Tensor, knots: np.ndarray, heights: np.ndarray) -> tf.Tensor:
    """Value at x of lines between knots, constant beyond them."""
    if len(knots) == 1:
        return tf.fill(tf.shape(x), heights[0])
    place = tf.clip_by_value(_below(x, knots) - 1, 0, len(knots) - 2)
    slopes = np.diff(heights) / np.diff(knots)
    inside = tf.clip_by_value(x, knots[0], knots[-1])
    return tf.gather(slopes, place) * (inside - tf.gather(knots, place)) + tf.gather(heights, place)


def _named_outputs(outputs: tf.Tensor, classes: np.ndarray | None, link: str) -> dict:
    if classes is None:
        return {"variable": tf.exp(outputs) if link == "exp" else outputs}
    if link == "labels":
        label = tf.cast(outputs > 0, tf.int64)
        return {"label": label, "probabilities": tf.sigmoid(outputs)}
    if link == "sigmoid":
        chosen = tf.cast(outputs[:, 0] > 0, tf.int64)
        probabilities = tf.sigmoid(tf.concat([-outputs, outputs], axis=1))
    else:
        chosen, probabilities = tf.argmax(outputs, axis=1), tf.nn.softmax(outputs)
    whole = classes.dtype.kind in "iu"
    names = classes.astype(np.int64) if whole else [str(name) for name in classes.tolist()]
    return {"label": tf.gather(tf.constant(names), chosen), "probabilities": probabilities}
