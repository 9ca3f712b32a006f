"""Recommending: histories of items to a ranking of the whole catalogue.

In: lists of ids, or users x items. Out: the best items that a user has not had.

- `_recommender` : the public class; `_fitted_recommender` is what it does once fitted.
- `_histories` : lists and matrices to users x items in CSR, and their catalogue.
- `_following` : what came after histories.
- `_fit` : the flow of a fit, step by step.
- `_hold_out` : users of whom items are hidden, and how well these are ranked.
- `_gram_matrix` : how often items come together, from rows in memory or a stream.
- `_item_weights` : weights from item to item, in closed form.
- `_stream` : histories that are read anew each epoch.
- `_best_items` : the best items of scores, in order.
"""

from skembed.recommending._recommender import EmbeddingRecommender

__all__ = ["EmbeddingRecommender"]
