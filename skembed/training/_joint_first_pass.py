"""One survey of the rows of all workers."""

from typing import TypeVar

from skembed.distribution._agreement import check_alike
from skembed.distribution._cluster import Cluster
from skembed.distribution._messages import from_bytes, to_bytes
from skembed.training._first_pass import Survey, Tally

T = TypeVar("T", bound=Tally)


def join_first_pass(cluster: Cluster, survey: Survey, tally: T, joint: T) -> tuple[Survey, T]:
    """Put what all workers have found in their rows together; the targets in a new tally, `joint`.

    All workers add in the same order, so that they have the same bits.

    Raises
    ------
    ValueError
        On all workers, if their rows differ in number of features or type.
    """
    values, arrays = survey.state()
    kind = {"number of features": str(len(arrays["counts"])), "type of X": values["dtype"]}
    check_alike(cluster, kind)
    whole = Survey.merged(map(from_bytes, cluster.gather(to_bytes(values, arrays))))
    for message in cluster.gather(to_bytes(*tally.state())):
        joint.merge(from_bytes(message))
    return whole, joint
