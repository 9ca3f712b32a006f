import pytest
from records import SMALL

from skembed.tfrecord._write import write_tfrecord


@pytest.fixture
def path(tmp_path):
    return tmp_path / "reviews.tfrecord"


@pytest.fixture
def small(path):
    """A file of two short records and the offsets at which a record ends."""
    write_tfrecord(path, SMALL, [1.0, 0.0], terms_name="t", label_name="l")
    ends, data = [0], path.read_bytes()
    while ends[-1] < len(data):
        length = int.from_bytes(data[ends[-1] : ends[-1] + 8], "little")
        ends.append(ends[-1] + 16 + length)
    return path, data, ends
