"""Characters a token of the kinds of tokenizers, on rows held out of what each was fitted to.

    ICELOS_DATA=… python benchmarks/logs_tokenizers.py [--rows 5000]

Simulated Entra sign-ins, and what ICELOS_DATA has of: NVIDIA's demo sign-ins, Exchange admin audit (Office
365), CloudTrail, Windows events. At most `--rows` rows of each file are taken, from its start.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from icelos.jobs.logs.simulation.simulate import simulate
from icelos.jobs.logs.tokenizer_comparison import compare
from icelos.jobs.logs.training import RawRows

KINDS = ("char", "gpt2", "bpe", "json-bpe")
CORPORA = {
    "NVIDIA demo sign-ins": "nvidia_azure_signin_demo/azure_signin.jsonl.gz",
    "Office 365, Exchange admin": "exchange_admin_demo/exchange_admin.jsonl.gz",
    "CloudTrail": "aws_cloudtrail_stratus/invictus_aws.jsonl.gz",
    "Windows events": "otrf_windows/atomic_windows_lateral_movement_host_covenant_dcom_registerxll.jsonl.gz",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    rows = parser.parse_args().rows
    print("| rows | " + " | ".join(f"{kind} | MB/s" for kind in KINDS) + " |")
    print("|---|" + "---|" * 2 * len(KINDS))
    with tempfile.TemporaryDirectory() as folder:
        for name, path in _files(Path(folder), rows):
            found = compare(islice(RawRows(str(path)), rows), KINDS, context=1024)
            cells = [
                "- | -" if one.skipped else f"{one.characters_per_token:.2f} | {one.encode_mb_per_second:.1f}"
                for one in found
            ]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _files(folder: Path, rows: int) -> Iterator[tuple[str, Path]]:
    simulated = folder / "signins.jsonl"
    simulate(simulated, rows=rows, users=150, seed=7)
    yield "Entra sign-ins, simulated", simulated
    data = os.environ.get("ICELOS_DATA")
    for name, file in CORPORA.items():
        if data and (path := Path(data) / "logs" / file).is_file():
            yield name, path
        else:
            print(f"| {name}: not here | " + " | ".join(["- | -"] * len(KINDS)) + " |")


if __name__ == "__main__":
    main()
