"""The page of explained rows as its reader sees and uses it."""

import numpy as np
import pytest
from browser import new_browser
from sklearn.pipeline import make_pipeline

from skembed import EmbeddingDNNClassifier, VocabularyTransformer, explain

HOSTILE = "<img src=x onerror='window.harmed = 1'><script>window.harmed = 1</script>"
SIZES = [(1280, False), (1280, True), (390, False), (390, True)]


@pytest.fixture(scope="module")
def browser():
    driver = new_browser()
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    rng = np.random.default_rng(0)
    words = np.array(["basil", "rice", "soy", "salt", HOSTILE])
    rows = [words[rng.random(5) < 0.5].tolist() for _ in range(200)]
    y = np.array(["italian", "thai", HOSTILE], dtype=object)[rng.integers(0, 3, 200)]
    network = EmbeddingDNNClassifier(max_epochs=5, random_state=0)
    model = make_pipeline(VocabularyTransformer(), network).fit(rows, y)
    path = tmp_path_factory.mktemp("page") / "why.html"
    long = ["basil", "unheard-of-" * 30, HOSTILE, *["rice"] * 200]
    return explain(model, [long, rows[1]]).to_html(path, rows=[0, 1])


@pytest.mark.parametrize(("width", "dark"), SIZES)
def test_it_fits_and_runs_nothing(browser, page, width, dark):
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())
    root = "document.documentElement"
    assert browser.execute_script(f"return {root}.scrollWidth") <= width
    assert browser.execute_script("return window.harmed") is None
    resources = "performance.getEntriesByType('resource').map((e) => e.name)"
    assert browser.execute_script(f"return {resources}") == []
    colours = "[getComputedStyle(arguments[0]).color, getComputedStyle(document.body).color]"
    mark = browser.find_element("css selector", "mark")
    text, body = browser.execute_script(f"return {colours}", mark)
    assert text == body  # a word is as readable as all text
    assert (sum(map(int, body[4:-1].split(","))) > 380) == dark


def test_a_tab_shows_another_class_by_keyboard(browser, page):
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get(page.as_uri())

    def shown():
        panels = browser.find_elements("css selector", "fieldset:first-of-type .panel")
        return [panel.is_displayed() for panel in panels]

    assert shown() == [True, False, False]
    first = browser.find_element("css selector", "input[type=radio]")
    first.send_keys("\ue015")  # arrow down
    assert shown() == [False, True, False]
    labels = browser.find_elements("css selector", "fieldset:first-of-type label")
    labels[2].click()
    assert shown() == [False, False, True]
    assert HOSTILE in "".join(label.text for label in labels)
