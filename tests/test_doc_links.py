"""The "?" of scikit-learn's diagrams leads to our pages, which tell of each parameter."""

import inspect
import re

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils import estimator_html_repr

import skembed
from skembed import EmbeddingDNNClassifier, make_embedding_pipeline
from skembed._doc_links import documentation_root

ROOT = "https://docs.example"
CLASSES = [
    value
    for value in map(skembed.__getattr__, skembed._MODULES)
    if inspect.isclass(value) and issubclass(value, BaseEstimator)
]


def made(cls):
    return cls([]) if cls.__name__ == "FieldTransformer" else cls()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_estimator_links_to_its_page(cls, monkeypatch):
    monkeypatch.setenv("SKEMBED_DOCS_URL", ROOT + "/")
    assert made(cls)._get_doc_link() == f"{ROOT}/api/skembed.{cls.__name__}.html"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_parameter_is_described_in_the_diagram(cls, monkeypatch):
    monkeypatch.setenv("SKEMBED_DOCS_URL", ROOT)
    html = estimator_html_repr(made(cls))
    if "param-doc-link" not in html:
        pytest.skip("scikit-learn before 1.8 has no descriptions")
    described = set(re.findall(r"--doc-link-(\w+)", html))
    assert set(made(cls).get_params(deep=False)) <= described


def test_steps_of_a_pipeline_have_links_of_their_own(monkeypatch):
    monkeypatch.setenv("SKEMBED_DOCS_URL", ROOT)
    html = estimator_html_repr(make_embedding_pipeline(EmbeddingDNNClassifier()))
    for name in ("EmbeddingDNNClassifier", "TableTransformer", "NumberEncoder"):
        assert f"{ROOT}/api/skembed.{name}.html" in html


def test_without_documentation_the_source_is_linked(monkeypatch, tmp_path):
    monkeypatch.delenv("SKEMBED_DOCS_URL", raising=False)
    monkeypatch.setattr("skembed._doc_links._BUILT", tmp_path)
    link = EmbeddingDNNClassifier()._get_doc_link()
    assert documentation_root() == "" and link.startswith("file://")
    assert link.endswith("/skembed/estimators/_classifier.py")
    (tmp_path / "api.html").touch()
    assert documentation_root() == tmp_path.as_uri()
