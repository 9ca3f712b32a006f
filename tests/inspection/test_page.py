import html
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import new_browser
from interactive_page import Page

from skembed import EmbeddingDisplay, TermEmbeddings

pytest.importorskip("plotly", reason="plotly is not installed: pip install 'skembed[interactive]'")

HOSTILE = [
    "</script x><img src=x onerror='window.harmed = 1'",
    "<!--<script>",
    "</script><script>window.harmed = 1</script>",
    "<img src=x onerror='window.harmed = 1'>",
    '"><b onclick="window.harmed=1">',
    "<b>bold</b>",
    "<a href='javascript:window.harmed=1'>link</a>",
    "&lt;b&gt; &amp;",
    "'single' \"double\" `back` ${window.harmed = 1}",
    "{{plotly}}{{data}}",
    "%{x} %{text}",
    "$x^2$ \\frac",
    "--> <!-- ]]>",
    "映画 naïve \U0001f3ac",
]
UNSHOWN = {
    "a\u2028b\u2029c": r"a\u2028b\u2029c",
    "tab\t\x00": r"tab\t\x00",
    " ": "' '",
    "\ud800": r"\ud800",
}


def random_embeddings(n_terms: int, dim: int = 8) -> TermEmbeddings:
    rng = np.random.default_rng(n_terms)
    return TermEmbeddings(
        [f"term{i}" for i in range(n_terms)],
        rng.normal(size=(n_terms, dim)),
        counts=rng.integers(1, 5000, n_terms),
        values=rng.normal(size=n_terms),
    )


def write(folder: Path, embeddings, terms=None, **arguments) -> Path:
    display = EmbeddingDisplay.from_embeddings(embeddings, terms, draw=False)
    return display.to_html(folder / "page.html", **arguments)


def data_of(path: Path) -> dict:
    text = path.read_text(encoding="utf-8")
    found = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert len(found) == 1
    assert found[0].isascii() and not set("<>&") & set(found[0])
    return json.loads(found[0])


# The file.


def test_the_file_is_returned_and_overwritten(tmp_path):
    embeddings = random_embeddings(5)
    assert write(tmp_path, embeddings, title="one") == tmp_path / "page.html"
    assert "<title>two</title>" in write(tmp_path, embeddings, title="two").read_text("utf-8")


def test_the_file_holds_terms_numbers_and_unit_vectors(tmp_path):
    embeddings = random_embeddings(40)
    data = data_of(write(tmp_path, embeddings))
    assert data["terms"] == embeddings.terms.tolist()
    assert data["counts"] == embeddings.counts.tolist()
    np.testing.assert_allclose(data["values"], embeddings.values, rtol=1e-5)
    display = EmbeddingDisplay.from_embeddings(embeddings, draw=False)
    dots = data["figure"]["data"][0]
    np.testing.assert_allclose([dots["x"], dots["y"]], display.coordinates.T, rtol=1e-5)
    titles = [data["figure"]["layout"][axis]["title"]["text"] for axis in ("xaxis", "yaxis")]
    assert all(re.fullmatch(r"PC \d \(\d+ % of variance\)", title) for title in titles)


def test_the_file_has_the_same_bytes_every_time(tmp_path):
    first, second = (write(tmp_path, random_embeddings(9)).read_bytes() for _ in range(2))
    assert first == second


def test_numbers_that_are_not_known_are_null(tmp_path):
    embeddings = TermEmbeddings(["a", "b"], np.eye(2), counts=[np.nan, 3], values=[0.5, np.nan])
    data = data_of(write(tmp_path, embeddings))
    assert data["counts"] == [None, 3]
    assert data["values"] == [0.5, None]
    bare = data_of(write(tmp_path, np.eye(2), ["a", "b"]))
    assert bare["counts"] is bare["values"] is None


@pytest.mark.parametrize("term", [*HOSTILE, *UNSHOWN])
def test_terms_cannot_leave_the_data(tmp_path, term):
    path = write(
        tmp_path, np.eye(3), ["a", term, "b"], title=term.encode("utf-8", "replace").decode()
    )
    data = data_of(path)
    assert data["terms"] == ["a", UNSHOWN.get(term, term), "b"]
    text = path.read_text(encoding="utf-8")
    if "<" in term:
        assert term not in text
        assert text.count(html.escape(term)) == 2  # the title and the heading


def test_missing_plotly_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(ImportError, match=r"pip install 'skembed\[interactive\]'"):
        write(tmp_path, np.eye(2), ["a", "b"])
    assert not (tmp_path / "page.html").exists()


# The page, in a browser.


@pytest.fixture(scope="module")
def driver() -> Iterator:
    browser = new_browser()
    yield browser
    browser.quit()


@pytest.fixture
def page(driver) -> Iterator[Page]:
    page = Page(driver)
    page.errors()  # forgets those of the test before
    yield page
    assert page.errors() == []
    assert page.run("return performance.getEntriesByType('resource').map((e) => e.name)") == []
    assert page.run("return window.harmed") is None


def assert_same_neighbours(found, expected) -> None:
    assert [term for term, _ in found] == [term for term, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=1e-6)


@pytest.mark.parametrize("n_terms", [50, 3000], ids=["outlines", "webgl"])
def test_search_finds_the_nearest_neighbours(page, tmp_path, n_terms):
    embeddings = random_embeddings(n_terms)
    page.open(write(tmp_path, embeddings))
    for term in ("term7", "term33"):
        page.search(term)
        assert page.element("term").text == term
        assert_same_neighbours(page.neighbours(), embeddings.most_similar(term))


def test_number_of_neighbours(page, tmp_path):
    embeddings = random_embeddings(5)
    page.open(write(tmp_path, embeddings, topn=3))
    page.search("term1")
    assert_same_neighbours(page.neighbours(), embeddings.most_similar("term1", topn=3))
    page.open(write(tmp_path, embeddings, topn=30))
    page.search("term1")
    assert_same_neighbours(page.neighbours(), embeddings.most_similar("term1", topn=30))


def test_neighbours_are_those_of_all_dimensions(page, tmp_path):
    # In the picture, which shows the two long dimensions, "far" is beside "here".
    vectors = [[9, 0, 5.0], [9, 0.1, -5.0], [3, 3, 2.0], [-9, 9, 0], [-9, -9, 0]]
    embeddings = TermEmbeddings(["here", "far", "like", "c", "d"], vectors)
    page.open(write(tmp_path, embeddings))
    page.search("here")
    assert_same_neighbours(page.neighbours(), embeddings.most_similar("here"))
    assert page.neighbours()[0][0] == "like"


def test_search_centres_on_the_term(page, tmp_path):
    path = write(tmp_path, random_embeddings(200))
    dots = data_of(path)["figure"]["data"][0]
    page.open(path)
    before = page.run("return plot.layout.xaxis.range")
    page.search("term150")
    page.wait("!document.getElementById('found').hidden")
    for axis, coordinates in (("xaxis", dots["x"]), ("yaxis", dots["y"])):
        low, high = page.run(f"return plot.layout.{axis}.range")
        assert (low + high) / 2 == pytest.approx(coordinates[150], abs=1e-6)
    low, high = page.run("return plot.layout.xaxis.range")
    assert high - low < before[1] - before[0]


def test_facts_of_a_term(page, tmp_path):
    embeddings = TermEmbeddings(
        ["good", "bad", "new"],
        [[1.0, 0.5], [-1.0, 0.5], [0.0, 1.0]],
        counts=[12345, 678, np.nan],
        values=[1.23456, -0.5, np.nan],
    )
    display = EmbeddingDisplay.from_embeddings(embeddings, value_name="log-odds", draw=False)
    page.open(display.to_html(tmp_path / "page.html"))
    page.search("good")
    assert page.element("facts").text.split("\n") == ["documents", "12,345", "log-odds", "+1.23"]
    assert page.hover(1) == "bad\ndocuments 678\nlog-odds \u22120.5"
    page.search("new")
    assert page.element("facts").text == ""


def test_a_click_on_a_neighbour_shows_its_neighbours(page, tmp_path):
    embeddings = random_embeddings(30)
    page.open(write(tmp_path, embeddings))
    page.search("term3")
    nearest = embeddings.most_similar("term3")[0][0]
    page.driver.find_element("css selector", "#neighbours button").click()
    assert page.element("term").text == nearest
    assert_same_neighbours(page.neighbours(), embeddings.most_similar(nearest))


def test_a_click_on_a_dot_shows_its_neighbours(page, tmp_path):
    embeddings = random_embeddings(30)
    page.open(write(tmp_path, embeddings))
    page.run("plot.emit('plotly_click', {points: [{pointIndex: 4}]})")
    assert page.element("term").text == "term4"
    assert_same_neighbours(page.neighbours(), embeddings.most_similar("term4"))


def test_search_by_part_of_a_term(page, tmp_path):
    terms = ["unhappy", "happy", "Happiness", "film"]
    embeddings = TermEmbeddings(terms, [[4.0, 1], [2, 1], [3, -1], [-1, 1]])
    page.open(write(tmp_path, embeddings))
    page.search("HAPP")
    options = "[...document.querySelectorAll('#matches option')].map((option) => option.value)"
    assert page.run(f"return {options}") == ["Happiness", "happy", "unhappy"]
    assert not page.element("found").is_displayed()
    page.search("HAPP\ue007")  # Enter takes the first
    assert page.element("term").text == "Happiness"
    assert page.element("found").is_displayed()
    page.search("nonsense")
    assert page.element("status").text == "None of the terms holds \u201cnonsense\u201d."
    assert not page.element("found").is_displayed()  # no card of another term
    assert page.element("strongest").is_displayed()


def directed(**arguments):
    embeddings = TermEmbeddings(
        ["good", "fine", "the", "bad", "poor"],
        [[1.0, 0.1], [0.9, 0.2], [0.1, 0.1], [-1.0, 0.1], [-0.9, 0.2]],
        values=[2.0, 1.5, 0.01, -2.0, -1.5],
    )
    display = EmbeddingDisplay.from_embeddings(embeddings, value_name="effect", draw=False)
    display.value_directions = ("<b>no</b>", "yes")
    for name, value in arguments.items():
        setattr(display, name, value)
    return display


def test_signs_point_to_classes_and_weak_terms_are_told(page, tmp_path):
    page.open(directed().to_html(tmp_path / "page.html"))
    columns = [
        element.text.split("\n")
        for element in page.driver.find_elements("css selector", "#telling > div")
    ]
    assert [[column[0], set(column[1:])] for column in columns] == [
        ["towards yes", {"good", "fine", "the"}],
        ["towards <b>no</b>", {"bad", "poor"}],
    ]
    page.search("bad")
    assert page.element("facts").text == "effect\n\u22122, towards <b>no</b>"
    assert not page.element("weak").is_displayed()
    page.search("the")
    assert page.element("weak").is_displayed()
    assert not page.element("alike").is_displayed()


def test_terms_alike_in_use_and_in_effect_are_listed_apart(page, tmp_path):
    usage = np.array([[1, 0], [0, 1], [0, 0.1], [1, 0.1], [0, -1]], np.float32)
    page.open(directed(usage_vectors=usage).to_html(tmp_path / "page.html"))
    page.search("good")
    assert page.neighbours()[0][0] == "bad"  # used alike
    names = "[...document.querySelectorAll('#effects bdi')].map((e) => e.textContent)"
    assert page.run(f"return {names}")[0] == "fine"
    assert page.element("kind").text == "Used alike"


def test_a_phone_shows_all_neighbours_below_the_picture(page, tmp_path):
    path = write(tmp_path, random_embeddings(50))
    size = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page.open(path)
        page.search("term3")
        height, width = page.run(
            "const { scrollHeight, scrollWidth } = document.documentElement;"
            "return [scrollHeight, scrollWidth]"
        )
        last = page.driver.find_elements("css selector", "#neighbours li")[-1].rect
        assert last["y"] + last["height"] <= height
        assert width <= 390
        assert page.run("return getComputedStyle(document.querySelector('aside')).maxHeight") == (
            "none"
        )
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_an_emptied_search_forgets_the_term(page, tmp_path):
    page.open(write(tmp_path, random_embeddings(30)))
    page.search("term3")
    assert page.element("found").is_displayed()
    page.element("search").send_keys("\ue003" * 5)  # backspace
    assert not page.element("found").is_displayed()
    assert page.run("return plot.data[1].x") == []


def test_a_term_whose_vector_is_zero(page, tmp_path):
    embeddings = TermEmbeddings(["never", "a", "b"], [[0.0, 0.0], [1.0, 0.5], [-1.0, 0.2]])
    page.open(write(tmp_path, embeddings))
    page.search("never")
    assert page.neighbours() == embeddings.most_similar("never") == []
    assert page.element("status").text == "Its vector is zero: it has no neighbours."
    page.search("a")
    assert_same_neighbours(page.neighbours(), embeddings.most_similar("a"))


@pytest.mark.parametrize("crowd", [0, 2000], ids=["outlines", "webgl"])
def test_hostile_terms_are_shown_as_they_are(page, tmp_path, crowd):
    terms = [*HOSTILE, *UNSHOWN, *(f"term{i}" for i in range(crowd))]
    shown = [*HOSTILE, *UNSHOWN.values()]
    rng = np.random.default_rng(0)
    embeddings = TermEmbeddings(terms, rng.normal(size=(len(terms), 2)), values=range(len(terms)))
    display = EmbeddingDisplay.from_embeddings(
        embeddings, value_name="<i>value</i>&", projection=None, draw=False
    )
    page.open(display.to_html(tmp_path / "page.html", title="<b>&amp;</b>"))
    assert page.driver.title == "<b>&amp;</b>"
    for row, term in enumerate(shown):
        page.search("")
        page.run("document.getElementById('search').value = arguments[0]", term)
        page.run("document.getElementById('search').dispatchEvent(new Event('input'))")
        assert page.element("term").get_property("textContent") == term
        page.wait("!plot.dataset.drawing")  # until then the dot may be out of sight
        assert page.hover(row).split("\n")[0] == term
    names = {UNSHOWN.get(term, term) for term in embeddings.terms}
    assert {name for name, _ in page.neighbours()} <= names
    assert (
        page.run("return document.querySelectorAll('#plot svg a, #plot img, aside b').length") == 0
    )


def test_equal_terms_do_no_harm(page, tmp_path):
    page.open(write(tmp_path, [[1.0, 0.5], [0.5, 1.0], [-1.0, 0.0]], ["same", "same", "other"]))
    page.search("same")
    assert [term for term, _ in page.neighbours()] == ["same", "other"]


@pytest.mark.parametrize("n_terms", [1, 50, 3000])
def test_labels_do_not_overlap(page, tmp_path, n_terms):
    page.open(write(tmp_path, random_embeddings(n_terms, dim=2)))
    boxes = np.array(
        page.run("""
        return [...document.querySelectorAll(".annotation-text")].map((label) => {
          const { left, right, top, bottom } = label.getBoundingClientRect();
          return [left, right, top, bottom];
        });""")
    )
    assert len(boxes) >= min(n_terms, 15)
    left, right, top, bottom = boxes.T[:, :, None]
    overlap = (left < right.T) & (left.T < right) & (top < bottom.T) & (top.T < bottom)
    np.testing.assert_array_equal(overlap, np.eye(len(boxes), dtype=bool))


def test_chosen_term_and_neighbours_are_labelled(page, tmp_path):
    page.open(write(tmp_path, random_embeddings(3000)))
    page.search("term42")
    page.wait("plot.layout.annotations.some((label) => label.text === '<b>term42</b>')")
    assert page.labels()[0] == "term42"


def test_one_dimension_is_drawn_against_its_rank(page, tmp_path):
    page.open(write(tmp_path, [[0.5], [-2.0], [1.0]], ["a", "b", "c"]))
    assert page.run("return [plot.data[0].x, plot.data[0].y]") == [[0.5, -2, 1], [1, 0, 2]]
    page.search("a")
    assert_same_neighbours(page.neighbours(), [("c", 1), ("b", -1)])


def contrast(one: str, other: str) -> float:
    """Return the contrast of two CSS colours as WCAG has it, from 1 to 21."""

    def luminance(colour: str) -> float:
        parts = np.array([int(part) for part in re.findall(r"\d+", colour)[:3]]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_in_light_and_dark(page, tmp_path, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    page.open(write(tmp_path, random_embeddings(50)))
    page.search("term5")
    style = "getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    grounds = {
        name: page.run(f"return {style}", name, "backgroundColor") for name in ("body", "aside")
    }
    assert (contrast(grounds["body"], "rgb(0, 0, 0)") < 2) == (scheme == "dark")
    for text, ground, kind in [
        (".annotation-text", "body", "fill"),
        (".xtick text", "body", "fill"),
        (".g-xtitle text", "body", "fill"),
        ("h2", "aside", "color"),
        (".note", "aside", "color"),
        ("dt", "aside", "color"),
        ("li button", "aside", "color"),
        ("#search", "body", "color"),
    ]:
        assert contrast(page.run(f"return {style}", text, kind), grounds[ground]) > 4.5, text


def test_colours_follow_the_system_at_once(page, tmp_path):
    page.open(write(tmp_path, random_embeddings(50)))
    colour = "getComputedStyle(document.querySelector('.annotation-text')).fill"
    for scheme, text in (("dark", "rgb(231, 233, 237)"), ("light", "rgb(27, 30, 35)")):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        page.wait(f"{colour} === '{text}'")


def test_no_button_sends_the_data_away(page, tmp_path):
    page.open(write(tmp_path, random_embeddings(9)))
    script = "return [...document.querySelectorAll('.modebar-btn')].map((e) => e.dataset.title)"
    assert [title.replace("png", "PNG") for title in page.run(script)] == [
        "Download plot as a PNG",
        "Zoom",
        "Pan",
        "Zoom in",
        "Zoom out",
        "Reset axes",
    ]
