from pathlib import Path

import numpy as np
from fitted_models import REVIEWS

from skembed.saving._save_load import load

GOLDEN = Path(__file__).parent / "golden" / "pipeline_v1.skembed"


def test_golden_file_loads_for_ever():
    """The first format's file keeps giving the predictions it had.

    If this fails, mend the reader, not the file. Only a release that gives up format 1
    may replace it: `make_model_pipeline()` saved as the file of the new version, and
    its `predict_proba(REVIEWS)` written below.
    """
    model = load(GOLDEN)
    second = np.array([0.53993124, 0.52447999, 0.50408298, 0.62129599])
    expected = np.column_stack([1 - second, second])
    np.testing.assert_allclose(model.predict_proba(REVIEWS), expected, rtol=1e-5)
    assert list(model.named_steps) == ["vocabularytransformer", "embeddingdnnclassifier"]
    assert model[0].vocabulary_["dull"] == 0 and model.classes_.tolist() == ["n", "p"]
    model[1].partial_fit(model[0].partial_fit(REVIEWS).transform(REVIEWS), list("npnp"))
