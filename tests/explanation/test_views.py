"""Views of explanations: by columns, as pages, as pictures, and for shap."""

import pickle
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, VarianceThreshold, chi2
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, StandardScaler

from skembed import (
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    FieldTransformer,
    NumberEncoder,
    VocabularyTransformer,
    explain,
    make_embedding_pipeline,
)
from skembed.datasets import make_listings

REVIEWS = ["a great film", "a bad film", "great", "bad"] * 20
LIKED = ["liked", "disliked"] * 40
HOSTILE = [
    "</script><script>window.harmed = 1</script>",
    "<img src=x onerror='window.harmed = 1'>",
    '"><b onclick="window.harmed=1">',
    "</style><style>*{display:none}</style>",
    "</fieldset></mark>",
    "&lt;b&gt; &amp;",
    "a\u2028b\x00",
    "\u202eabc",
]


class Tags(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.pieces = set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.pieces.append(data)


def read(page):
    tags = Tags()
    tags.feed(page)
    return tags


def fitted_reviews(**parameters):
    network = EmbeddingDNNClassifier(max_epochs=20, random_state=0)
    words = VocabularyTransformer(tokenizer="word", **parameters)
    return make_pipeline(words, network).fit(REVIEWS, LIKED)


def frame(n=300):
    ads = make_listings(n, random_state=0)
    return ads.drop(columns="price"), np.log(ads["price"])


# By columns.


def test_columns_of_a_table_add_up_to_what_is_predicted():
    table, y = frame()
    network = EmbeddingDNNRegressor(target_statistics=2, random_state=0, max_epochs=3)
    model = make_embedding_pipeline(network).fit(table, y)
    explanation = explain(model, table, by="column")
    assert set(explanation.feature_names) == set(table.columns)
    assert np.allclose(explanation.outputs(), model.predict(table), atol=1e-5)
    features = explain(model, table)
    names = features.feature_names.tolist()
    room = [
        number
        for number, name in enumerate(names)
        if name.startswith("room_type_") or name.endswith(" of room_type")
    ]
    shared = [n for n, name in enumerate(names) if " & " in name and "room_type" in name]
    expected = features.contributions[:, room].sum(axis=1)
    expected = expected + features.contributions[:, shared].sum(axis=1) / 2
    place = explanation.feature_names.tolist().index("room_type")
    assert np.allclose(explanation.contributions[:, [place]].toarray(), expected)


@pytest.mark.parametrize(
    "steps",
    [
        ColumnTransformer(
            [
                ("room", OneHotEncoder(), ["room_type", "district"]),
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["guests"]),
                ("minutes", NumberEncoder(), ["minutes"]),
                ("words", VocabularyTransformer(tokenizer="word"), "title"),
                ("rest", "drop", ["amenities"]),
            ]
        ),
        FieldTransformer(
            [
                ("room", VocabularyTransformer(), ["room_type", "district"]),
                ("words", make_pipeline(VocabularyTransformer(tokenizer="word")), "title"),
                ("numbers", StandardScaler(), [4, 5]),
            ]
        ),
        make_pipeline(
            make_column_transformer(
                (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), [1, 2]),
                (VocabularyTransformer(tokenizer="word"), "title"),
            ),
            VarianceThreshold(1e-3),
            MaxAbsScaler(),
        ),
    ],
    ids=["ColumnTransformer", "FieldTransformer", "selected"],
)
def test_features_of_any_pipeline_know_their_columns(steps):
    table, y = frame()
    model = make_pipeline(steps, EmbeddingDNNRegressor(random_state=0, max_epochs=2))
    model.fit(table, y)
    features, columns = explain(model, table), explain(model, table, by="column")
    assert set(columns.feature_names) <= set(table.columns)
    assert {"room_type", "district", "title"} <= set(columns.feature_names)
    assert np.allclose(columns.outputs(), features.outputs())
    words = [n for n, name in enumerate(features.feature_names) if "words__" in str(name)]
    if words:
        place = columns.feature_names.tolist().index("title")
        expected = features.contributions[:, words].sum(axis=1)
        assert np.allclose(columns.contributions[:, [place]].toarray(), expected)
    for row in (0, 7):
        cells = {c.column: "".join(p.text for p in c.pieces) for c in columns.rows.cells(row)}
        for column in ("district", "title", "room_type"):
            assert cells[column] == table[column][row]


def test_features_of_several_columns_are_told_together():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80), "c": list("xy") * 40})
    steps = make_column_transformer((PCA(1), ["a", "b"]), (OneHotEncoder(), ["c"]))
    model = make_pipeline(steps, EmbeddingDNNClassifier(max_epochs=2, random_state=0))
    model.fit(table, list("xy") * 40)
    assert explain(model, table, by="column").feature_names.tolist() == ["a, b", "c"]


def test_a_union_and_a_matrix_without_names():
    rng = np.random.default_rng(0)
    X = sp.random(60, 6, 0.5, rng=rng, format="csr", dtype=np.float32)
    union = FeatureUnion([("all", MaxAbsScaler()), ("best", SelectKBest(chi2, k=2))])
    model = make_pipeline(union, EmbeddingDNNClassifier(max_epochs=2, random_state=0))
    model.fit(X, rng.integers(0, 2, 60))
    found = explain(model, X, by="column")
    assert np.allclose(found.outputs(), model.decision_function(X), atol=1e-5)
    assert set(found.feature_names) <= {f"x{number}" for number in range(6)}
    bare = explain(model[-1], model[:-1].transform(X), by="column")
    assert len(bare.feature_names) == 8
    with pytest.raises(ValueError, match="by is 'columns', expected"):
        explain(model, X, by="columns")


# Pages.


def test_a_page_shows_the_words_with_their_signs():
    explanation = explain(fitted_reviews(), ["A GREAT film,\nnot Bad"])
    page = explanation.to_html()
    tags = read(page)
    assert "script" not in tags.tags
    assert "A GREAT film,\nnot Bad" in "".join(
        piece for piece in tags.pieces if not piece.startswith(" (")
    )
    assert 'class="up"' in page.split("GREAT")[0].rsplit("<mark", 1)[1]
    assert 'class="down"' in page.split("Bad")[0].rsplit("<mark", 1)[1]
    assert explanation.unknown_terms(0) == [",", "not"]
    assert "Not in the vocabulary" in page
    assert page == explanation.to_html()  # the same bytes every time


@pytest.mark.parametrize(
    "lengths",
    [
        {"ngram_range": (1, 2)},
        {"ngram_range": None, "char_ngram_range": (3, 5)},
        {"ngram_range": (1, 2), "char_ngram_range": (1, 3), "weighting": "count"},
    ],
)
def test_words_of_a_row_add_up_to_its_contributions(lengths):
    model = fitted_reviews(**lengths)
    explanation = explain(model, ["great great film zz", "bad film"])
    for row in range(2):
        (cell,) = explanation.rows.cells(row)
        total = sum(p.contributions[0] for p in cell.pieces if p.contributions is not None)
        assert np.isclose(total, explanation.contributions[row].sum())


def test_a_misspelt_word_has_the_contributions_of_its_characters():
    explanation = explain(fitted_reviews(char_ngram_range=(3, 4)), ["a greatish film, 77777"])
    (cell,) = explanation.rows.cells(0)
    contributions = {piece.text: piece.contributions for piece in cell.pieces}
    assert contributions["greatish"].any() and not contributions["77777"].any()
    assert explanation.unknown_terms(0) == [",", "77777"]


def test_missing_values_of_a_row_add_up_to_its_contributions():
    rows = [["great", "film"], ["bad", None, "film"], None] * 20
    for ngram_range in ((1, 1), (2, 2)):
        words = VocabularyTransformer(handle_missing="indicator", ngram_range=ngram_range)
        network = EmbeddingDNNClassifier(max_epochs=2, random_state=0)
        explanation = explain(make_pipeline(words, network).fit(rows, [1, 0, 0] * 20), rows[1:2])
        (cell,) = explanation.rows.cells(0)
        total = sum(p.contributions[0] for p in cell.pieces if p.contributions is not None)
        assert np.isclose(total, explanation.contributions.sum())


def test_columns_of_a_row_add_up_to_its_contributions():
    table, y = frame()
    network = EmbeddingDNNRegressor(target_statistics=2, random_state=0, max_epochs=3)
    model = make_embedding_pipeline(network).fit(table, y)
    explanation = explain(model, table, by="column")
    for cell in explanation.rows.cells(3):
        total = sum(p.contributions[0] for p in cell.pieces if p.contributions is not None)
        place = explanation.feature_names.tolist().index(cell.column)
        assert np.isclose(total, explanation.contributions[3, place])
    texts = {c.column: "".join(p.text for p in c.pieces) for c in explanation.rows.cells(3)}
    assert texts["title"] == table["title"][3]
    assert texts["amenities"] == ", ".join(table["amenities"][3])
    assert texts["guests"] == str(table["guests"][3])


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_terms_stay_text(word, tmp_path):
    rows = [[word, "good"], ["bad", word], [word, "new " + word]] * 20
    y = np.array([f"{word}0", f"{word}1", "z"] * 20, dtype=object)
    network = EmbeddingDNNClassifier(max_epochs=2, random_state=0)
    model = make_pipeline(VocabularyTransformer(min_frequency=21), network)
    known = VocabularyTransformer()
    for steps in (model, make_pipeline(known, network)):
        page = explain(steps.fit(rows, y), rows[:3]).to_html(rows=[0, 1, 2])
        tags = read(page)
        assert tags.tags <= {
            *("html", "head", "meta", "title", "style", "body", "h1", "fieldset", "legend"),
            *("input", "label", "div", "p", "mark", "span", "bdi", "table", "caption", "tr"),
            *("th", "td"),
        }
        assert not any(name.startswith("on") for name in tags.attributes)
        page.encode("utf-8")


def test_a_file_is_replaced_and_outputs_can_be_chosen(tmp_path):
    rng = np.random.default_rng(0)
    words = np.array(["basil", "rice", "soy", "salt", "oil"])
    rows = [words[rng.random(5) < 0.5].tolist() for _ in range(200)]
    y = rng.integers(0, 9, 200)
    network = EmbeddingDNNClassifier(max_epochs=2, random_state=0)
    explanation = explain(make_pipeline(VocabularyTransformer(), network).fit(rows, y), rows[:5])
    path = tmp_path / "why.html"
    path.write_text("old")
    assert explanation.to_html(path, rows=[0, 4]) == path
    page = path.read_text(encoding="utf-8")
    assert page.count('type="radio"') == 12
    assert "3 lower outputs not shown" in page
    assert explanation.to_html(outputs=[8]).count('type="radio"') == 0
    assert "Row 0 of 5" in explanation._repr_html_()
    with pytest.raises(ValueError, match="output is 9"):
        explanation.to_html(outputs=[9])
    with pytest.raises(IndexError, match="row is 5, but 5 rows"):
        explanation.to_html(rows=5)
    with pytest.raises(TypeError, match="rows is 'first'; give the number"):
        explanation.to_html(rows="first")


def test_rows_are_shown_as_they_were_explained():
    rows = ["a great film", "a bad film"]
    explanation = explain(fitted_reviews(), rows)
    rows[0] = "changed"
    assert "great" in explanation.to_html()
    generated = explain(fitted_reviews(), (text for text in ["a great film"]))
    assert "great" in generated.to_html()


def test_a_sparse_row_shows_the_columns_that_it_has():
    X = sp.csr_matrix(([1.0, 2.5], ([0, 0], [3, 20])), shape=(1, 50), dtype=np.float32)
    rows = sp.vstack([X, sp.random(80, 50, 0.2, random_state=0)], format="csr", dtype=np.float32)
    network = EmbeddingDNNClassifier(max_epochs=2, random_state=0)
    model = make_pipeline(MaxAbsScaler(), network).fit(rows, np.arange(81) % 2)
    cells = explain(model, X).rows.cells(0)
    assert {(cell.column, cell.pieces[0].text) for cell in cells} == {("x3", "1"), ("x20", "2.5")}


def test_an_explanation_can_be_pickled():
    table, y = frame(100)
    network = EmbeddingDNNRegressor(random_state=0, max_epochs=2)
    explanation = explain(make_embedding_pipeline(network).fit(table, y), table[:3], by="column")
    again = pickle.loads(pickle.dumps(explanation))
    assert again.to_html(rows=[0, 2]) == explanation.to_html(rows=[0, 2])


# Pictures, and other packages.


def test_the_summary_is_drawn(tmp_path):
    pytest.importorskip("textalloc")
    import matplotlib.pyplot as plt

    explanation = explain(fitted_reviews(), REVIEWS)
    ax = explanation.plot_summary(top=2)
    assert {text.get_text() for text in ax.texts} == {"great", "bad"}
    assert sum(len(points.get_offsets()) for points in ax.collections) == 4
    ax.figure.savefig(tmp_path / "summary.png")
    plt.close(ax.figure)
    with pytest.raises(ValueError, match="No explained row has a feature"):
        explain(fitted_reviews(), [""]).plot_summary()


def test_shap_draws_the_contributions(tmp_path):
    shap = pytest.importorskip("shap")
    import matplotlib.pyplot as plt

    explanation = explain(fitted_reviews(), REVIEWS)
    values = explanation.contributions.toarray()
    given = shap.Explanation(
        values,
        base_values=np.full(len(values), explanation.base_value),
        data=(values != 0).astype(float),
        feature_names=explanation.feature_names.tolist(),
    )
    for draw, what in ((shap.plots.waterfall, given[0]), (shap.plots.beeswarm, given)):
        draw(what, show=False)
        plt.gcf().savefig(tmp_path / "shap.png")
        plt.close("all")
