"""What a default fit compared, and the loss of its epochs."""

from skembed import EmbeddingDNNClassifier, TrainingDisplay, VocabularyTransformer
from skembed.datasets import make_reviews

reviews, liked = make_reviews(12_000, random_state=0)
X = VocabularyTransformer().fit_transform(reviews)
TrainingDisplay.from_estimator(EmbeddingDNNClassifier(random_state=0).fit(X, liked))
