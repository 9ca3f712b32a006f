import matplotlib
import matplotlib.pyplot as plt
import pytest
from term_vectors import TERMS, vectors_of

from skembed import TermEmbeddings

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def embeddings() -> TermEmbeddings:
    return TermEmbeddings(TERMS, vectors_of(200))


@pytest.fixture
def gensim_models():
    return pytest.importorskip("gensim.models", reason="gensim is not installed")


@pytest.fixture
def keyed(gensim_models, embeddings):
    vectors = gensim_models.KeyedVectors(8)
    vectors.add_vectors(TERMS, embeddings.vectors)
    return vectors
