"""An autoencoder for each user, after the published description of Morpheus' digital fingerprinting.

Features of sign-ins: how many rows of the user there were this day, how many places and applications; the
categories application, client, browser, device, system, reason of failure, town, region and country. Encoder
512, 500, decoder 512; 30 epochs; a fifth of the inputs are swapped with other rows'; a row's score is the
mean absolute z of its features' losses, by the losses of the rows learned from. Users of fewer than 300 rows
have a model in common: in the original they have none. (github.com/nv-morpheus/Morpheus, digital
fingerprinting guide.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

CATEGORIES = (
    "appDisplayName", "clientAppUsed", "deviceDetail.browser", "deviceDetail.displayName",
    "deviceDetail.operatingSystem", "status.failureReason", "location.city", "location.state",
    "location.countryOrRegion",
)  # fmt: skip
EPOCHS, BATCH, SWAPPED = 30, 512, 0.2
FEWEST = 300
_EMBEDDED = 8


def autoencoder_scores(before: Path, after: Path) -> npt.NDArray[np.float64]:
    """Scores of the rows of `after`, by models of the rows of `before`."""
    torch.manual_seed(0)
    learned, tested = _read(before), _read(after)
    vocabularies = [
        {value: number + 1 for number, value in enumerate(dict.fromkeys(row[1][n] for row in learned))}
        for n in range(len(CATEGORIES))
    ]
    by_user: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(learned):
        by_user[row[0]].append(number)
    numbers = np.array([row[2] for row in learned], np.float32)
    codes = _coded(learned, vocabularies)
    test_numbers, test_codes = np.array([row[2] for row in tested], np.float32), _coded(tested, vocabularies)
    common = _Model(vocabularies).fit(
        numbers[:: max(1, len(numbers) // 5000)], codes[:: max(1, len(codes) // 5000)]
    )
    test_rows: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(tested):
        test_rows[row[0]].append(number)
    scores = np.zeros(len(tested))
    for user, rows in test_rows.items():
        own = by_user.get(user, [])
        model = _Model(vocabularies).fit(numbers[own], codes[own]) if len(own) >= FEWEST else common
        scores[rows] = model.scores(test_numbers[rows], test_codes[rows])
    return scores


Row = tuple[str, list[str], tuple[float, float, float]]


def _read(path: Path) -> list[Row]:
    """User, categories, and the counts of the day so far."""
    found: list[Row] = []
    counts: dict[tuple[str, str], list[Any]] = {}
    for line in path.open("rb"):
        row = msgspec.json.decode(line)
        user = row.get("userPrincipalName") or ""
        place = row.get("location") or {}
        day = counts.setdefault((user, row["createdDateTime"][:10]), [0, set(), set()])
        day[0] += 1
        day[1].add(place.get("city"))
        day[2].add(row.get("appDisplayName"))
        values = [str(_at(row, path)) for path in CATEGORIES]
        found.append((user, values, (float(day[0]), float(len(day[1])), float(len(day[2])))))
    return found


def _at(row: dict[str, Any], path: str) -> Any:
    value: Any = row
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _coded(rows: Sequence[Row], vocabularies: list[dict[str, int]]) -> npt.NDArray[np.int64]:
    return np.array(
        [[known.get(value, 0) for known, value in zip(vocabularies, row[1], strict=True)] for row in rows]
    )


class _Model(nn.Module):
    """One user's."""

    def __init__(self, vocabularies: list[dict[str, int]]) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(len(one) + 1, _EMBEDDED) for one in vocabularies)
        width = _EMBEDDED * len(vocabularies) + 3
        self.body = nn.Sequential(
            nn.Linear(width, 512),
            nn.PReLU(),
            nn.Linear(512, 500),
            nn.PReLU(),
            nn.Linear(500, 512),
            nn.PReLU(),
        )
        self.numbers = nn.Linear(512, 3)
        self.categories = nn.ModuleList(nn.Linear(512, len(one) + 1) for one in vocabularies)

    def fit(self, numbers: npt.NDArray[np.float32], codes: npt.NDArray[np.int64]) -> _Model:
        self.mean, self.deviation = numbers.mean(axis=0), numbers.std(axis=0) + 1e-6
        inputs, targets = torch.from_numpy((numbers - self.mean) / self.deviation), torch.from_numpy(codes)
        optimizer = torch.optim.Adam(self.parameters(), lr=1e-3)
        for _ in range(EPOCHS):
            order = torch.randperm(len(inputs))
            for begin in range(0, len(order), BATCH):
                rows = order[begin : begin + BATCH]
                optimizer.zero_grad()
                self._losses(inputs[rows], targets[rows], swapped=True).mean().backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        with torch.no_grad():
            losses = self._losses(inputs, targets, swapped=False)
        self.usual, self.spread = losses.mean(dim=0), losses.std(dim=0) + 1e-6
        return self

    def _losses(self, numbers: torch.Tensor, codes: torch.Tensor, *, swapped: bool) -> torch.Tensor:
        """(rows, features)"""
        seen_numbers, seen_codes = numbers, codes
        if swapped:
            seen_numbers, seen_codes = _swapped(numbers), _swapped(codes)
        parts = [table(seen_codes[:, n]) for n, table in enumerate(self.embeddings)]
        hidden = self.body(torch.cat([*parts, seen_numbers], dim=1))
        of_numbers = (self.numbers(hidden) - numbers) ** 2
        of_codes = [
            nn.functional.cross_entropy(head(hidden), codes[:, n], reduction="none")
            for n, head in enumerate(self.categories)
        ]
        return torch.cat([of_numbers, torch.stack(of_codes, dim=1)], dim=1)

    def scores(
        self, numbers: npt.NDArray[np.float32], codes: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        with torch.no_grad():
            losses = self._losses(
                torch.from_numpy((numbers - self.mean) / self.deviation).float(),
                torch.from_numpy(codes),
                swapped=False,
            )
        found: npt.NDArray[np.float64] = (
            ((losses - self.usual) / self.spread).abs().mean(dim=1).double().numpy()
        )
        return found


def _swapped(values: torch.Tensor) -> torch.Tensor:
    """A share of each column's values is another row's."""
    other = values[torch.randperm(len(values))]
    return torch.where(torch.rand(values.shape) < SWAPPED, other, values)
