"""TFRecord files of terms and labels, in and out.

In: files of `tf.train.Example` records, or lists of terms. Out: Arrow lists and labels, a
stream to fit on, or files.

- `_read`, `_parse` : records to Arrow lists and labels, whole or in chunks.
- `_write` : lists and labels to records.
- `_stream` : files as a `ChunkStream`.
- `_files` : files as bytes: compression, framing, where one breaks off.
"""

from skembed.tfrecord._read import iter_tfrecord, read_tfrecord
from skembed.tfrecord._stream import stream_tfrecord
from skembed.tfrecord._write import write_tfrecord

__all__ = ["iter_tfrecord", "read_tfrecord", "stream_tfrecord", "write_tfrecord"]
