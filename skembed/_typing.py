"""Types of the arguments that estimators take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd
    import scipy.sparse as sp
    from gensim.models import KeyedVectors
    from keras.callbacks import Callback
    from keras.optimizers import Optimizer

    from skembed.inspection import TermEmbeddings

ArrayLike: TypeAlias = npt.ArrayLike
RandomState: TypeAlias = int | np.random.RandomState | None
# Names stand in quotation marks: importing this module imports no other package.
MatrixLike: TypeAlias = "npt.ArrayLike | pd.DataFrame | sp.spmatrix | sp.sparray"
Vectors: TypeAlias = "Mapping[str, npt.ArrayLike] | TermEmbeddings | KeyedVectors"
Embeddings: TypeAlias = "str | npt.ArrayLike | Vectors"
OptimizerLike: TypeAlias = "str | Optimizer"
Callbacks: TypeAlias = "Callback | Sequence[Callback] | Mapping[str, Callback] | None"
