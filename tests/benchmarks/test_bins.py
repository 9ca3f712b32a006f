"""Numbers to bins."""

import numpy as np
import pandas as pd

from benchmarks.shared.data._bins import bin_edges, binned


def test_bins_hold_their_upper_edge_and_leave_room_for_rare_values():
    values = np.r_[np.zeros(900), np.arange(1, 101)]
    edges = bin_edges(values)
    assert edges[0] == 0 and len(edges) >= 15
    frame = pd.DataFrame({"a": [0.0, 1.0, 100.0, np.nan]})
    codes = binned(pd.DataFrame({"a": np.r_[values, frame["a"]]}), np.arange(1000))
    assert codes["a"].iloc[-4:].tolist() == [0, 1, len(edges), len(edges) + 1]
