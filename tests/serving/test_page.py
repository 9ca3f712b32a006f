"""Pages that predict: what a real browser makes of them is what the model predicts."""

import json
import re
import unicodedata

import numpy as np
import pytest
from browser import new_browser
from model_inputs import inputs_of
from served_models import RNG, ROWS, TABLE, TEXTS, Y, classifier, regressor
from sklearn.pipeline import make_pipeline

from skembed import VocabularyTransformer, explain, make_embedding_pipeline, to_page
from skembed.serving._portable_model import portable_model

HOSTILE = [
    "</script><script>window.hit=1</script>",
    "<img src=x onerror='window.hit=1'>",
    "{{data}}",
]


@pytest.fixture(scope="module")
def browser():
    driver = new_browser()
    yield driver
    driver.quit()


def opened(browser, path):
    browser.get(path.as_uri())
    assert browser.execute_script("return document.documentElement.dataset.ready") == "true"
    return browser


def errors(browser):
    return [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]


def predicted(browser, model, X):
    """What the page's own program predicts for inputs."""
    script = """
    const all = MODEL.groups.flatMap((group) => group.inputs);
    return arguments[0].map((row) => {
      const given = new Map();
      for (const input of all) given.set(input, row[input.name]);
      for (const input of MODEL.numbers) given.set(input, row[input.name] ?? NaN);
      return predictions(predict(entriesOf(given).entries).outputs);
    });"""
    inputs = inputs_of(*portable_model(model), X)
    rows = [
        {name: _cell(values[number]) for name, values in inputs.items()}
        for number in range(len(next(iter(inputs.values()))))
    ]
    return np.array(browser.execute_script(script, rows))


def _cell(values):
    if values.dtype == object:
        return [term for term in values if term]
    return None if np.isnan(values[0]) else float(values[0])


def models():
    """Fitted pipelines and their rows, by name."""
    counted = VocabularyTransformer(weighting="tfidf", ngram_range=(1, 2), stop_terms=["w3"])
    three = RNG.choice(["a", "b", "c"], 300)
    labels = RNG.integers(0, 2, (300, 3))
    table = make_embedding_pipeline(regressor(target_statistics=True))
    return {
        "lists": (make_pipeline(VocabularyTransformer(), classifier()).fit(ROWS, Y), ROWS),
        "tfidf": (make_pipeline(counted, classifier(combiner="mean")).fit(ROWS, three), ROWS),
        "gelu": (
            make_pipeline(
                VocabularyTransformer(weighting="sublinear"),
                classifier(activation="gelu", hidden_units=(8, 4), combiner="sum"),
            ).fit(ROWS, labels),
            ROWS,
        ),
        "table": (table.fit(TABLE, TABLE["size"].fillna(3) * 2), TABLE),
        "classes of a table": (make_embedding_pipeline(classifier()).fit(TABLE, Y), TABLE),
        "texts": (
            make_pipeline(VocabularyTransformer(tokenizer="word"), classifier()).fit(TEXTS, Y),
            TEXTS,
        ),
    }


@pytest.mark.parametrize("name", ["lists", "tfidf", "gelu", "table", "classes of a table", "texts"])
def test_predictions_in_a_browser(browser, name, tmp_path):
    model, X = models()[name]
    expected = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
    expected = expected.reshape(len(X), -1)
    for quantize, tolerance in ((True, 1e-3), (False, 2e-6)):
        path = to_page(model, tmp_path / "page.html", quantize=quantize)
        found = predicted(opened(browser, path), model, X)
        np.testing.assert_allclose(found, expected, atol=tolerance * max(1, np.abs(expected).max()))
        assert not errors(browser)


def test_tokens_of_all_scripts(browser, tmp_path):
    model, _ = models()["texts"]
    opened(browser, to_page(model, tmp_path / "page.html"))
    rng = np.random.default_rng(0)
    known = [chr(i) for i in range(0x110000) if not 0xD800 <= i < 0xE000]
    known = np.array([c for c in known if unicodedata.category(c) not in ("Cn", "Co")])
    special = np.array(list("\u0130\u03a3\u0345I\u00df '-_.\u200d\u0301\u2003\x1c"))
    texts = []
    for _ in range(10_000):
        start = rng.integers(0, len(known) - 60)  # neighbours: of one script
        letters = rng.choice(known[start : start + 60], rng.integers(0, 12))
        letters = np.concatenate([letters, rng.choice(special, rng.integers(0, 5))])
        texts.append("".join(rng.permutation(letters)))
    script = "return arguments[0].map((text) => tokens(text, MODEL.groups[0]))"
    found = browser.execute_script(script, texts)
    assert found == [re.findall(r"\w+|[^\w\s]", text.lower()) for text in texts]


def test_contributions_are_those_of_the_rescale_rule(browser, tmp_path):
    """They add up to the output, and where rows are long they are those of `explain`."""
    rng = np.random.default_rng(1)
    words = [f"v{number}" for number in range(90)]
    rows = [rng.choice(words, 40, replace=False).tolist() for _ in range(200)]
    y = ["yes" if "v1" in row else "no" for row in rows]
    model = make_pipeline(VocabularyTransformer(), classifier()).fit(rows, y)
    opened(browser, to_page(model, tmp_path / "page.html", quantize=False))
    script = """
    const [input] = MODEL.groups[0].inputs;
    const made = predict(entriesOf(new Map([[input, arguments[0]]])).entries);
    return [made.outputs[0], [...made.explained(0)]];"""
    for row in rows[:5]:
        output, parts = browser.execute_script(script, row)
        ours = explain(model, [row])
        assert output == pytest.approx(model.decision_function([row])[0], abs=1e-5)
        assert sum(part for _, part in parts) + ours.base_value == pytest.approx(output, abs=1e-5)
        names = ours.feature_names.tolist()
        expected = ours.contributions.toarray()[0]
        for term, part in parts:
            assert part == pytest.approx(expected[names.index(term)], abs=1e-4)


def test_typing_answers_and_the_form_works(browser, tmp_path):
    model, _ = models()["texts"]
    path = to_page(model, tmp_path / "page.html", title="A <b> title", samples={"tokens": "w1"})
    opened(browser, path)
    assert browser.find_element("tag name", "h1").text == "A <b> title"
    area = browser.find_element("tag name", "textarea")
    assert area.get_attribute("value") == "w1"
    area.clear()
    area.send_keys("w2, W7 and unheard")
    shown = browser.find_element("id", "probabilities").text
    expected = f"{100 * model.predict_proba(['w2, W7 and unheard']).max():.1f} %"
    assert expected in shown
    assert "unheard" in browser.find_element("id", "unknown").text
    terms = [e.text for e in browser.find_elements("css selector", "#contributions bdi")]
    assert {"w2", "w7"} <= set(terms)
    # the other class, by keyboard
    other = browser.find_elements("css selector", "#probabilities button")[1]
    name = other.text
    other.send_keys("\n")
    assert name in browser.find_element("id", "why").text
    labels = browser.execute_script(
        "return [...document.querySelectorAll('textarea,input,select')].map(e => e.labels.length)"
    )
    assert labels
    assert all(labels)


def test_lists_and_tables_have_forms(browser, tmp_path):
    model, _ = models()["lists"]
    opened(browser, to_page(model, tmp_path / "page.html", samples={"terms": ["w1"]}))
    box = browser.find_element("css selector", "#form input")
    box.send_keys("w5\n")
    chips = browser.find_elements("css selector", ".chips button")
    assert [chip.text.split()[0] for chip in chips] == ["w1", "w5"]
    chips[0].click()
    assert len(browser.find_elements("css selector", ".chips button")) == 1
    expected = f"{100 * model.predict_proba([['w5']]).max():.1f} %"
    assert expected in browser.find_element("id", "probabilities").text
    table, _ = models()["classes of a table"]
    opened(browser, to_page(table, tmp_path / "page.html", samples={"size": 0.5, "colour": "red"}))
    one = TABLE.iloc[:1].assign(size=0.5, colour="red", rooms=None, since=None)
    one["advert text"] = None
    found = predicted(browser, table, one)
    first = browser.find_element("id", "probabilities").text
    assert f"{100 * found.max():.1f} %" in first
    assert not errors(browser)


def test_hostile_terms_run_nothing(browser, tmp_path):
    rows = [[*HOSTILE, "good"], [HOSTILE[1], "bad"]] * 30
    model = make_pipeline(VocabularyTransformer(), classifier()).fit(rows, HOSTILE[:2] * 30)
    path = to_page(model, tmp_path / "page.html", title=HOSTILE[0], samples={"terms": HOSTILE})
    opened(browser, path)
    assert browser.execute_script("return window.hit") is None
    box = browser.find_element("css selector", "#form input")
    box.send_keys(HOSTILE[1] + "\n")
    assert browser.execute_script("return window.hit") is None
    assert browser.execute_script("return document.images.length") == 0
    assert HOSTILE[0] in browser.find_element("id", "probabilities").text


def test_the_file_holds_no_markup_of_terms(tmp_path):
    rows = [[*HOSTILE, "good"], ["bad"]] * 30
    model = make_pipeline(VocabularyTransformer(), classifier()).fit(rows, [0, 1] * 30)
    page = to_page(model, tmp_path / "page.html", title=HOSTILE[0]).read_text()
    assert page.count("<script") == 2
    assert "<img" not in page
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")
    data = re.search(r'<script type="application/json" id="model">(.*?)</script>', page, re.S)[1]
    assert HOSTILE[0] in json.loads(data)["groups"][0]["inputs"][0]["terms"]


def test_what_a_page_cannot_do_is_refused(tmp_path):
    path = tmp_path / "page.html"
    X = VocabularyTransformer().fit_transform(ROWS)
    with pytest.raises(TypeError, match="needs a transformer before the network"):
        to_page(classifier().fit(X, Y), path)
    hashed = make_pipeline(VocabularyTransformer(num_hash_buckets=8), classifier()).fit(ROWS, Y)
    with pytest.raises(TypeError, match="Hash buckets cannot be exported to a page"):
        to_page(hashed, path)
    words = VocabularyTransformer(tokenizer="word", token_pattern=r"\w+")
    with pytest.raises(TypeError, match="only the default token_pattern"):
        to_page(make_pipeline(words, classifier()).fit(TEXTS, Y), path)
    model = make_pipeline(VocabularyTransformer(), classifier()).fit(ROWS, Y)
    with pytest.raises(ValueError, match="samples has the input 'text', expected names among"):
        to_page(model, path, samples={"text": "w1"})
    assert not path.exists()
