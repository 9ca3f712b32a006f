"""The built documentation in a real browser: nothing overflows, text can be read.

`make docs` builds it; the tests are skipped where it is missing, or chromium, or axe-core, which
the package axe-playwright-python of the group "docs" brings.
"""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest
from browser import new_browser

SITE = Path(__file__).parents[1] / "docs" / "_build" / "html"
PAGES = [
    "index.html",
    "installation.html",
    "quickstart.html",
    "comparison.html",
    "faq.html",
    "guide/index.html",
    "guide/network.html",
    "guide/pipelines.html",
    "guide/explaining.html",
    "api.html",
    "api/skembed.EmbeddingDNNClassifier.html",
    "api/skembed.VocabularyTransformer.html",
    "api/skembed.TargetStatisticsEncoder.html",
    "gallery/index.html",
    "gallery/text/plot_lesson.html",
    "gallery/text/plot_why.html",
    "measurements/quality.html",
    "development/decisions/recipe.html",
    "try.html",
]
# The smallest size of text, in pixels.
LEAST = 12

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (SITE / "index.html").exists(), reason="make docs has not been run"),
]

SMALL_TEXT = """
const found = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode, element = node.parentElement;
  if (!node.textContent.trim() || !element.checkVisibility()) continue;
  if (element.closest("svg, script, style, sup, sub, .sd-sr-only, .visually-hidden")) continue;
  const size = parseFloat(getComputedStyle(element).fontSize);
  if (size && size < arguments[0])
    found.add(size.toFixed(1) + " " + element.tagName + "." + element.className);
}
return [...found];
"""
WIDE = """
const wide = [], limit = arguments[0] + 1;
const scrolls = element => {
  for (let e = element; e && e !== document.body; e = e.parentElement)
    if (["auto", "scroll"].includes(getComputedStyle(e).overflowX)) return true;
  return false;
};
if (document.documentElement.scrollWidth > limit)
  wide.push("page: " + document.documentElement.scrollWidth);
const article = document.querySelector(".bd-article") || document.body;
for (const element of article.querySelectorAll("*")) {
  const box = element.getBoundingClientRect();
  if (box.width && box.right > limit && element.checkVisibility() && !scrolls(element.parentElement)
      && !scrolls(element))
    wide.push(Math.round(box.right) + " " + element.tagName + "." + element.className);
}
return wide.slice(0, 8);
"""
CONTRAST = """
const done = arguments[0];
axe.run(document, {runOnly: ["color-contrast", "image-alt", "link-name", "button-name", "label"]})
  .then(r => done(r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html.slice(0, 150)))));
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    browser = new_browser()
    yield browser
    browser.quit()


@pytest.fixture(params=[1280, 390], ids=["desktop", "phone"])
def wide_browser(request, browser):
    metrics = {"width": request.param, "height": 900, "deviceScaleFactor": 1}
    metrics["mobile"] = request.param < 600
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    return browser, request.param


def opened(browser, address, page, theme):
    features = [{"name": "prefers-color-scheme", "value": theme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(f"{address}/{page}")
    browser.execute_script(f"localStorage.setItem('mode', '{theme}')")
    browser.execute_script(f"localStorage.setItem('theme', '{theme}')")
    browser.get(f"{address}/{page}")


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_wider_than_the_screen_and_no_text_is_small(page, address, wide_browser):
    browser, width = wide_browser
    opened(browser, address, page, "light")
    assert browser.execute_script(WIDE, width) == []
    assert browser.execute_script(SMALL_TEXT, LEAST) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_text_stands_out_and_pictures_are_described(page, theme, address, browser):
    if find_spec("axe_playwright_python") is None:
        pytest.skip("axe-core is not installed: pip install axe-playwright-python")
    source = Path(find_spec("axe_playwright_python").origin).with_name("axe.min.js").read_text()
    opened(browser, address, page, theme)
    browser.execute_script(source)
    assert json.dumps(browser.execute_async_script(CONTRAST), indent=1) == "[]"
