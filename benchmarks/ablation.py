"""What each part of the ranking is worth: `python -m benchmarks.ablation CATALOGUES [questions]`.

Every line leaves one part out, on the tuning half, and prints R@1 and R@10 of each set.
"""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec.structs import replace

from icelos.data.workspace import Workspace
from icelos.evaluate.retrieval import measure
from icelos.knowledge.search import Tuning
from icelos.llm.encoder import Encoder
from icelos.settings import load

SETS = (
    "attack-procedures",
    "cve-to-cwe",
    "sigma-to-technique",
    "kev-to-advisory",
    "known-item",
    "half-remembered",
)
WHOLE = Tuning()
CHANGES: dict[str, Tuning] = {
    "all parts": WHOLE,
    "no share of the name": replace(WHOLE, name_weight=0.0),
    "no kin": replace(WHOLE, kin_weight=0.0),
    "no whole documents": replace(WHOLE, page_weights=(0.0, 0.0)),
    "words weigh the same at any coverage": replace(WHOLE, covered_weight=WHOLE.lexical_weight),
    "votes at any coverage": replace(WHOLE, powers=(2.0, 2.0)),
    "best passage at any coverage": replace(WHOLE, powers=(16.0, 16.0)),
    "one vote": replace(WHOLE, votes=(1.0,)),
}


def main(root: Path, most: int) -> None:
    """Print a line for each part and each set, and at last those by words only."""
    cache = Workspace.of(load().settings).folder("cache", "evaluate")
    print(f"{'':40} " + " ".join(f"{name:>18}" for name in SETS))
    for label, tuning in CHANGES.items():
        show(label, root, cache, Encoder(), most, tuning)
    show("no vectors", root, cache, None, most, WHOLE)


def show(
    label: str, root: Path, cache: Path, encoder: Encoder | None, most: int, tuning: Tuning
) -> None:  # fmt: skip
    """Measure one tuning and print it."""
    report = measure(root, cache=cache, encoder=encoder, half="tune", most=most, names=SETS, tuning=tuning)
    found = {(row.set, row.measure): row.value for row in report.rows}
    print(
        f"{label:40} " + " ".join(f"{found[name, 'R@1']:>12.3f} {found[name, 'R@10']:.3f}" for name in SETS),
        flush=True,
    )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("which folder of catalogues? python -m benchmarks.ablation CATALOGUES [questions]")
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 400)
