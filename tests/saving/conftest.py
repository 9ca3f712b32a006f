import pytest
from fitted_models import MODELS, VOCABULARIES, make_model_pipeline

from skembed.saving._save_load import save


@pytest.fixture(scope="session", params=list(MODELS))
def model(request):
    return MODELS[request.param]()


@pytest.fixture(scope="session", params=list(VOCABULARIES))
def vocabulary(request):
    transformer, X = VOCABULARIES[request.param]
    if request.param == "bounded":
        return transformer.partial_fit(X).partial_fit(X), X
    return transformer.fit(X), X


@pytest.fixture(scope="session")
def pipeline():
    return make_model_pipeline()


@pytest.fixture(scope="session")
def saved(pipeline, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "pipeline.skembed"
    save(pipeline, path)
    return path.read_bytes()
