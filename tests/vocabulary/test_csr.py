"""Counting the columns of rows, against counting them one by one."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skembed.vocabulary._csr import Part, count_entries, repeated_columns

N_COLUMNS = 12


@st.composite
def parts_of_rows(draw):
    """Draw parts over the same rows; some are one column a row, in ranges that follow."""
    n_rows = draw(st.integers(1, 6))
    parts = []
    for number in range(draw(st.integers(1, 3))):
        single = draw(st.booleans())
        lowest = 4 * number if single else draw(st.sampled_from([-1, 0]))
        columns = st.integers(lowest, 4 * number + 3 if single else N_COLUMNS - 1)
        size = st.just(1) if single else st.integers(0, 4)
        sizes = [draw(size) for _ in range(n_rows)]
        rows = [draw(st.lists(columns, min_size=n, max_size=n)) for n in sizes]
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        flat = np.array([column for row in rows for column in row], np.int32)
        weights = draw(st.sampled_from([None, 0.5])) if not single else None
        parts.append(Part(offsets, flat, weights and np.full(len(flat), weights)))
    return parts


def tallies(parts):
    """Count each row's columns, and add up their weights."""
    rows = []
    for i in range(len(parts[0].offsets) - 1):
        counts, weights = Counter(), Counter()
        for offsets, columns, of_part in parts:
            for j in range(offsets[i], offsets[i + 1]):
                if columns[j] >= 0:
                    counts[int(columns[j])] += 1
                    weights[int(columns[j])] += 1.0 if of_part is None else of_part[j]
        rows.append((counts, weights))
    return rows


@given(parts_of_rows())
def test_entries_are_the_counts_of_each_row(parts):
    rows = tallies(parts)
    expected = [sorted(weights.items()) for _, weights in rows]
    entries = count_entries(parts, N_COLUMNS)
    assert_array_equal(entries.lengths, [len(row) for row in expected])
    assert_array_equal(entries.columns, [column for row in expected for column, _ in row])
    assert_array_equal(entries.values, [value for row in expected for _, value in row])
    binary = count_entries(parts, N_COLUMNS, counted=False)
    assert_array_equal(binary.columns, entries.columns)
    assert_array_equal(binary.lengths, entries.lengths)
    assert (binary.values == 1).all()


@given(parts_of_rows())
def test_repeated_columns_are_those_beyond_the_first_of_a_row(parts):
    repeated = sorted(repeated_columns(parts, N_COLUMNS).tolist())
    beyond = [(counts - Counter(counts.keys())).elements() for counts, _ in tallies(parts)]
    assert repeated == sorted(column for row in beyond for column in row)
