import subprocess
import sys

import pytest

import skembed


def test_every_public_name_is_there_and_lazy():
    for name in skembed.__all__:
        assert getattr(skembed, name) is not None
    assert set(skembed.__all__) == {"__version__", *skembed._MODULES}
    assert set(skembed.__all__) <= set(dir(skembed))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = skembed.nonsense


def test_importing_every_public_name_leaves_tensorflow_alone():
    code = (
        "import sys, skembed\n"
        "for name in skembed.__all__: getattr(skembed, name)\n"
        "assert not {'tensorflow', 'keras', 'scikeras', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
