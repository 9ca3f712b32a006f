"""Networks that people build with PyTorch: skorch around a module, and pytorch-widedeep.

Both get an embedding for each column of categories and standardised numbers, hold a tenth of
the training rows out, and stop when the loss on them has not fallen for five epochs.
"""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from benchmarks.tables._native_columns import NativeColumns
from benchmarks.tables._rivals import Rival

_MAX_EPOCHS, _PATIENCE, _BATCH, _HELD_OUT = 50, 5, 256, 0.1
_UNITS, _DROPOUT = (200, 100), 0.1  # the defaults of pytorch-widedeep's TabMlp


class _OnCodes(Rival):
    """A network on codes of categories (0: missing or new) and standardised numbers."""

    def _fitted(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        self.columns_ = NativeColumns(self.kinds, self.random_state).fit(X, y)
        cells = self.columns_.transform(X)
        self.names_ = [n for n in cells if isinstance(cells[n].dtype, pd.CategoricalDtype)]
        self.numbers_ = [name for name in cells if name not in self.names_]
        self.sizes_ = [len(cells[name].cat.categories) + 1 for name in self.names_]
        if self.numbers_:
            numbers = cells[self.numbers_].astype(float)
            self.means_ = numbers.mean()
            self.scaler_ = StandardScaler().fit(numbers.fillna(self.means_))
        if self._classifies:
            self.classes_, targets = np.unique(y, return_inverse=True)
        else:
            self.center_, self.scale_ = y.mean(), y.std()
            targets = ((y - self.center_) / self.scale_).astype(np.float32)
        return self._trained(*self._prepared(X), targets)

    def _prepared(self, X: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        cells = self.columns_.transform(X)
        codes = [cells[name].cat.codes.to_numpy() + 1 for name in self.names_]
        codes = np.stack(codes, axis=1) if codes else np.zeros((len(cells), 0))
        numbers = np.zeros((len(cells), 0))
        if self.numbers_:
            filled = cells[self.numbers_].astype(float).fillna(self.means_)
            numbers = self.scaler_.transform(filled)
        return codes.astype(np.int64), numbers.astype(np.float32)

    def _trained(self, codes: np.ndarray, numbers: np.ndarray, targets: np.ndarray) -> Any:
        raise NotImplementedError

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict values."""
        return self._outputs(X).ravel() * self.scale_ + self.center_

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Predict probabilities."""
        return self._outputs(X)

    def _outputs(self, X: pd.DataFrame) -> np.ndarray:
        raise NotImplementedError


class Skorch(_OnCodes):
    """skorch around a module of embeddings and two hidden layers."""

    def _trained(self, codes: np.ndarray, numbers: np.ndarray, targets: np.ndarray) -> Any:
        import skorch
        import torch
        from skorch.callbacks import EarlyStopping
        from skorch.dataset import ValidSplit

        torch.manual_seed(self.random_state)
        sizes, n_numbers = self.sizes_, numbers.shape[1]
        n_outputs = len(self.classes_) if self._classifies else 1

        class Net(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                dims = [min(50, (size + 1) // 2) for size in sizes]
                tables = zip(sizes, dims, strict=True)
                self.tables = torch.nn.ModuleList(torch.nn.Embedding(*shape) for shape in tables)
                width, layers = sum(dims) + n_numbers, []
                for units in _UNITS:
                    layers += [torch.nn.Linear(width, units), torch.nn.ReLU()]
                    layers += [torch.nn.Dropout(_DROPOUT)]
                    width = units
                self.layers = torch.nn.Sequential(*layers, torch.nn.Linear(width, n_outputs))

            def forward(self, codes: Any, numbers: Any) -> Any:
                parts = [table(codes[:, j]) for j, table in enumerate(self.tables)]
                return self.layers(torch.cat([*parts, numbers], dim=1))

        kind = skorch.NeuralNetClassifier if self._classifies else skorch.NeuralNetRegressor
        loss = torch.nn.CrossEntropyLoss if self._classifies else torch.nn.MSELoss
        net = kind(
            Net,
            criterion=loss,
            optimizer=torch.optim.Adam,
            lr=0.001,
            max_epochs=_MAX_EPOCHS,
            batch_size=_BATCH,
            train_split=ValidSplit(
                _HELD_OUT, stratified=self._classifies, random_state=self.random_state
            ),
            callbacks=[EarlyStopping(patience=_PATIENCE, load_best=True)],
            verbose=0,
        )
        y = targets if self._classifies else targets[:, None]
        return net.fit({"codes": codes, "numbers": numbers}, y)

    def _outputs(self, X: pd.DataFrame) -> np.ndarray:
        codes, numbers = self._prepared(X)
        inputs = {"codes": codes, "numbers": numbers}
        return (
            self.model_.predict_proba(inputs) if self._classifies else self.model_.predict(inputs)
        )


class WideDeep(_OnCodes):
    """pytorch-widedeep: TabMlp, with a wide part of all categories."""

    def _trained(self, codes: np.ndarray, numbers: np.ndarray, targets: np.ndarray) -> Any:
        import torch
        from pytorch_widedeep import Trainer
        from pytorch_widedeep.callbacks import EarlyStopping
        from pytorch_widedeep.models import TabMlp, Wide, WideDeep

        torch.manual_seed(self.random_state)
        names = [f"c{j}" for j in range(codes.shape[1])]
        values = [f"n{j}" for j in range(numbers.shape[1])]
        dims = [min(50, (size + 1) // 2) for size in self.sizes_]
        several = self._classifies and len(self.classes_) > 2
        n_outputs = len(self.classes_) if several else 1
        deep = TabMlp(
            column_idx={name: place for place, name in enumerate([*names, *values])},
            cat_embed_input=list(zip(names, self.sizes_, dims, strict=True)) or None,
            continuous_cols=values or None,
        )
        wide = Wide(input_dim=int(sum(self.sizes_)), pred_dim=n_outputs)
        model = WideDeep(wide=wide, deeptabular=deep, pred_dim=n_outputs)
        objective = "multiclass" if several else "binary" if self._classifies else "regression"
        trainer = Trainer(
            model,
            objective=objective,
            callbacks=[EarlyStopping(patience=_PATIENCE, restore_best_weights=True)],
            num_workers=0,
            seed=self.random_state,
            verbose=0,
        )
        trainer.fit(
            X_wide=self._wide(codes),
            X_tab=np.hstack([codes, numbers]),
            target=targets,
            n_epochs=_MAX_EPOCHS,
            batch_size=_BATCH,
            val_split=_HELD_OUT,
        )
        return trainer

    def _wide(self, codes: np.ndarray) -> np.ndarray:
        """One number for each category; 0 is kept for padding."""
        starts = np.cumsum([0, *self.sizes_[:-1]])
        return codes + starts + 1

    def _outputs(self, X: pd.DataFrame) -> np.ndarray:
        codes, numbers = self._prepared(X)
        inputs = {"X_wide": self._wide(codes), "X_tab": np.hstack([codes, numbers])}
        if self._classifies:
            return self.model_.predict_proba(**inputs)
        return self.model_.predict(**inputs)
