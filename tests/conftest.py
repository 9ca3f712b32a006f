import atexit
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from made_rows import random_counts

settings.register_profile("untimed", deadline=None)  # machines are shared
settings.load_profile("untimed")

# Programs are shared by the processes of a session, and not with the user's.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["SKEMBED_CACHE_DIR"] = tempfile.mkdtemp(prefix="skembed-tests-")
    atexit.register(shutil.rmtree, os.environ["SKEMBED_CACHE_DIR"], ignore_errors=True)

# Folders whose estimators are of the same few shapes, and so train by the same compiled programs.
SAME_SHAPES = {"estimators", "saving", "parallel"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give a folder of tests to one process, where its programs are compiled once."""
    from xdist.scheduler import LoadFileScheduling

    class LoadFolderScheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            path = nodeid.split("::")[0]
            top, folder, *_ = [*path.split("/"), ""]
            if top != "tests" or path.endswith("test_sklearn_contract.py"):
                return path  # of the documentation, or as much as a folder by itself
            return "same shapes" if folder in SAME_SHAPES else folder

    return LoadFolderScheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; a test that asks for it skips where there is none."""
    root = os.environ.get("SKEMBED_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("real data: set SKEMBED_DATA to the folder that holds it")
    return Path(root)


@pytest.fixture(scope="session")
def binary_problem():
    """Counts (400, 30) and labels that depend on products of features."""
    X = random_counts(400, 30, density=0.5)
    dense = X.toarray()
    score = dense[:, :5].sum(1) - dense[:, 5:10].sum(1) + dense[:, 10] * dense[:, 11]
    return X, (score > np.median(score)).astype(int)
