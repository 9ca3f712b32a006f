import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.preprocessing import FunctionTransformer

N_ROWS = 1200


def made_table(n_rows=N_ROWS, seed=0):
    """Rows with numbers of their own, ids, lists of terms, labels and weights."""
    rng = np.random.default_rng(seed)
    lists = [list(rng.choice(list("abcdefgh"), rng.integers(1, 5))) for _ in range(n_rows)]
    return pa.table(
        {
            "row": np.arange(n_rows),
            "city": [f"c{i}" for i in rng.integers(0, 7, n_rows)],
            "terms": lists,
            "liked": [int("a" in terms) for terms in lists],
            "weight": rng.uniform(0.5, 2, n_rows),
        }
    )


@pytest.fixture(scope="session")
def table():
    return made_table()


@pytest.fixture(scope="session")
def folder(table, tmp_path_factory):
    """Three files of 400 rows in row groups of 50."""
    path = tmp_path_factory.mktemp("parquet")
    for number in range(3):
        part = table.slice(400 * number, 400)
        pq.write_table(part, path / f"part-{number}.parquet", row_group_size=50)
    return path


@pytest.fixture
def identity():
    """A transformer that gives what it gets."""
    return FunctionTransformer()
