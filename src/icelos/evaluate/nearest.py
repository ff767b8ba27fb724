"""The nearest of many sets of features: who is a copy, and whose record a sample gives away.

Distance is 1 - Jaccard similarity. Distance to the closest record and its share: Platzer and Reutterer,
"Holdout-Based Empirical Assessment of Mixed-Type Synthetic Data" (2021). Membership by distance: Chen et al.,
"GAN-Leaks" (2020).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS = 256
Floats = NDArray[np.float64]


def binary_rows(columns: NDArray[np.int64], present: NDArray[np.bool_], width: int) -> Any:
    """A sparse 0-1 matrix: row i has the features `columns[i][present[i]]`, each below `width`."""
    from scipy.sparse import csr_matrix

    ends = np.concatenate([[0], np.cumsum(present.sum(1))])
    indices = columns[present]
    return csr_matrix((np.ones(len(indices), np.float32), indices, ends), shape=(len(columns), max(1, width)))


def nearest_distances(rows: Any, others: Any) -> Floats:
    """Each row's distance to the closest of `others` (both sparse 0-1 matrices); 1 where there is none."""
    found = np.ones(rows.shape[0])
    if not others.shape[0]:
        return found
    sizes = np.asarray(others.sum(1)).ravel()
    turned = others.T.tocsr()
    for start in range(0, rows.shape[0], _ROWS):
        block = rows[start : start + _ROWS]
        shared = (block @ turned).toarray()
        together = np.asarray(block.sum(1)).ravel()[:, None] + sizes[None, :] - shared
        found[start : start + _ROWS] = 1 - (shared / np.maximum(together, 1)).max(1)
    return found


def closer_share(to_training: Floats, to_holdout: Floats) -> float:
    """Share of synthetic rows that are closer to training rows than to rows held out; ties count half.

    Both sets must be of the same size: then it is 0.5 for a generator that has learnt no row by heart.
    """
    if not len(to_training):
        return float("nan")
    return float(np.mean((to_training < to_holdout) + 0.5 * (to_training == to_holdout)))


def membership_auc(members: Floats, others: Floats) -> float:
    """How well nearness to the synthetic rows tells training rows from rows held out: AUC, 0.5 not at all."""
    from sklearn.metrics import roc_auc_score

    if not len(members) or not len(others):
        return float("nan")
    labels = np.concatenate([np.ones(len(members)), np.zeros(len(others))])
    return float(roc_auc_score(labels, -np.concatenate([members, others])))
