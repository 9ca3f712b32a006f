"""Evaluation: the lesson's figures of a binary classifier, and the ranking of items.

- `_lesson` : what Google's embeddings lesson prints of a classifier.
- `_ranking` : recall, NDCG, MRR, hit rate and catalogue coverage of the best k items.
- `_hiding` : histories with some items hidden, and scorers that ask for these.
"""

from skembed.metrics._hiding import hide_items, ranking_scorer
from skembed.metrics._lesson import average_precision_interpolated, evaluate
from skembed.metrics._ranking import (
    coverage_at_k,
    hit_rate_at_k,
    mrr_at_k,
    ndcg_at_k,
    recall_at_k,
)

__all__ = [
    "average_precision_interpolated",
    "coverage_at_k",
    "evaluate",
    "hide_items",
    "hit_rate_at_k",
    "mrr_at_k",
    "ndcg_at_k",
    "ranking_scorer",
    "recall_at_k",
]
