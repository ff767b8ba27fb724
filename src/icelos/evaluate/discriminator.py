"""Can a classifier tell two samples apart? The AUC of cross-validated guesses: 0.5 no, 1 always.

A classifier two-sample test after Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests" (2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FOLDS = 3
_MOST_CATEGORIES = 254
"""What the gradient boosting of scikit-learn takes in one categorical column, less one."""


def boosting(codes: NDArray[np.float64], categorical: Sequence[bool], seed: int = 0) -> Any:
    """Histogram gradient boosting for columns of codes and numbers (NaN where there is none)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    small = [
        flag and bool(np.nanmax(column, initial=0) <= _MOST_CATEGORIES)
        for flag, column in zip(categorical, codes.T, strict=True)
    ]
    return HistGradientBoostingClassifier(
        max_iter=40, max_leaf_nodes=15, min_samples_leaf=10, learning_rate=0.15, categorical_features=small,
        l2_regularization=1.0,  # without it, steps on rare classes grow without bound
        early_stopping=False, random_state=seed,
    )  # fmt: skip


def table_auc(
    left: NDArray[np.float64], right: NDArray[np.float64], categorical: Sequence[bool], seed: int = 0
) -> float:
    """AUC of gradient boosting on rows of codes."""
    matrix = np.concatenate([left, right])
    return _crossed(boosting(matrix, categorical, seed), matrix, len(left), len(right), seed)


def tokens_auc(left: Sequence[Sequence[str]], right: Sequence[Sequence[str]], seed: int = 0) -> float:
    """AUC of logistic regression on hashed tokens of each row."""
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.linear_model import LogisticRegression

    hashed = FeatureHasher(n_features=2**16, input_type="string", alternate_sign=False, dtype=np.float32)
    matrix = hashed.transform([*left, *right])
    model = LogisticRegression(solver="liblinear", C=0.1, max_iter=200, random_state=seed)
    return _crossed(model, matrix, len(left), len(right), seed)


@contextmanager
def one_thread() -> Iterator[None]:
    """For models of scikit-learn on some thousand rows: more threads are no faster, and where other programs
    run they wait for each other for minutes. To be entered once the model is there."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def _crossed(model: Any, matrix: Any, left: int, right: int, seed: int) -> float:
    """Every row is judged by a model that has not seen it."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    if min(left, right) < 2 * _FOLDS:
        return float("nan")
    labels = np.concatenate([np.zeros(left), np.ones(right)])
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    with one_thread():
        scores = cross_val_predict(model, matrix, labels, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(labels, scores))


def auc_noise(left: int, right: int) -> float:
    """Standard error of an AUC of 0.5 (Hanley and McNeil, 1982)."""
    return float(np.sqrt((left + right + 1) / (12 * left * right))) if left and right else float("nan")
