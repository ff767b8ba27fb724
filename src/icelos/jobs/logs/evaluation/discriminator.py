"""Can a classifier tell synthetic rows, or users' days, from real ones?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from icelos.evaluate.discriminator import table_auc, tokens_auc
from icelos.jobs.logs.evaluation.measures import Figures
from icelos.jobs.logs.evaluation.table import CATEGORY, NUMBER, Part, Table
from icelos.jobs.logs.evaluation.timing import FEWEST_DAYS, user_days

MAX_COLUMNS = 120


def row_figures(table: Table, candidate: Part, reference: Part) -> Figures:
    """The better of two classifiers: boosting on codes and numbers, a linear one on hashed values.

    Neither sees values of identifiers or days of times: both are new in honest synthetic rows.
    """
    columns = [n for n, column in enumerate(table.columns) if column.varies][:MAX_COLUMNS]
    if not columns:
        return {"rows told apart": float("nan")}
    left, right = features(table, candidate, columns), features(table, reference, columns)
    categorical = [table.columns[n].kind != NUMBER for n in columns]
    boosted = table_auc(left, right, categorical)
    linear = tokens_auc(tokens(table, candidate), tokens(table, reference))
    return {"rows told apart": float(np.fmax(boosted, linear))}


def features(table: Table, part: Part, columns: list[int]) -> NDArray[np.float64]:
    """Numbers as they are, everything else as codes."""
    found = part.codes[:, columns].astype(np.float64)
    for place, number in enumerate(columns):
        if table.columns[number].kind == NUMBER:
            found[:, place] = table.numbers(number, part.exact)
    found[~np.isfinite(found)] = np.nan
    return found


def tokens(table: Table, part: Part) -> list[list[str]]:
    """Each row's "column=value" texts of columns with common values; exact ones, whether common or not."""
    columns = [n for n, column in enumerate(table.columns) if column.kind == CATEGORY]
    exact = part.exact[:, columns]
    return [
        [f"{column}={value}" for column, value in zip(columns, row, strict=True)] for row in exact.tolist()
    ]


def day_figures(table: Table, candidate: Part, reference: Part) -> Figures:
    """Users' days told apart by boosting; NaN for fewer than `FEWEST_DAYS` on either side."""
    left, right = user_days(table, candidate), user_days(table, reference)
    if min(len(left), len(right)) < FEWEST_DAYS:
        return {"user-days told apart": float("nan"), "user-days": float(min(len(left), len(right)))}
    return {
        "user-days told apart": table_auc(left, right, [False] * left.shape[1]),
        "user-days": float(min(len(left), len(right))),
    }
