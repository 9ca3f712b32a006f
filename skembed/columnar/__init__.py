"""Files of tables, Parquet and others that Arrow reads, as streams to fit on.

In: paths, folders or a `pyarrow.dataset.Dataset`. Out: a `ChunkStream`, or a transformer that has
learned its vocabulary from the files.

- `_stream` : `stream_dataset`, from files to a stream.
- `_learn` : `learn_dataset`, a transformer's `partial_fit` over the files.
- `_selection` : which columns and rows of which files, checked before any row is read.
- `_schemas` : files whose columns differ are refused.
- `_parts` : row groups, or files, that are read in any order and shared out.
- `_chunks` : rows of parts, read ahead, put together to chunks.
- `_targets` : columns of labels and weights as numpy arrays.
"""

from skembed.columnar._learn import learn_dataset
from skembed.columnar._stream import stream_dataset

__all__ = ["learn_dataset", "stream_dataset"]
