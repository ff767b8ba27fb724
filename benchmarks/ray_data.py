"""What Ray Data does with a killed node, with a record that kills its worker, and what it costs a record.

    pip install pyarrow pandas
    python -m benchmarks.ray_data [death|poison|cost]

A source of its own (one read task a file) and `map_batches` in a pool of actors, on a head without CPUs and
two nodes of two, all on this machine: the other way to do what `icelos.engine.ray` does with plain actors.
See docs/decisions/0006-ray-actors.md.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any

FILES, ROWS = 8, 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("death", "poison", "cost"))
    what = parser.parse_args().what
    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_DISABLE_PROGRESS_BARS": "1", "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    }  # fmt: skip
    ray: Any = import_module("ray")
    Cluster: Any = import_module("ray.cluster_utils").Cluster  # noqa: N806

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=2) for _ in range(2)]
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    try:
        if what == "death":
            threading.Timer(8.0, lambda: cluster.remove_node(nodes[1], allow_graceful=False)).start()
            print(json.dumps(measured(seconds=0.005)))
        elif what == "poison":
            print(json.dumps(measured(seconds=0.001, poison=777, patience=60.0)))
        else:
            print(json.dumps(measured(seconds=0.0, rows=25_000)))
    finally:
        sys.stdout.flush()
        for node in [*nodes, cluster.head_node]:
            node.kill_all_processes(check_alive=False, allow_graceful=False)
        os._exit(0)  # a run that does not end keeps its threads


def measured(
    *, seconds: float, rows: int = ROWS, poison: int = -1, patience: float = 300.0
) -> dict[str, object]:
    """Rows that came, how often, and what it took."""
    came: collections.Counter[int] = collections.Counter()
    error = ""
    began = time.perf_counter()

    def consume() -> None:
        nonlocal error
        try:
            for batch in (
                dataset(rows)
                .map_batches(
                    Scorer,
                    fn_constructor_args=(seconds, poison),
                    batch_size=50,
                    concurrency=(1, 3),
                    num_cpus=1,
                )
                .iter_batches(batch_size=None)
            ):
                came.update(batch["id"].tolist())
        except Exception as problem:  # noqa: BLE001 - whatever it is, is the finding
            error = f"{type(problem).__name__}: {str(problem)[:300]}"

    thread = threading.Thread(target=consume, daemon=True)
    thread.start()
    thread.join(patience)
    took = time.perf_counter() - began
    return {
        "wanted": FILES * rows, "came": len(came), "more than once": sum(n > 1 for n in came.values()),
        "seconds": round(took, 1), "rows/s": round(sum(came.values()) / took), "ended": not thread.is_alive(),
        "error": error,
    }  # fmt: skip


class Scorer:
    """Sleeps for each row, and dies of one."""

    def __init__(self, seconds: float, poison: int) -> None:
        self.seconds = seconds
        self.poison = poison

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        if self.poison in batch["id"]:
            os._exit(1)
        time.sleep(self.seconds * len(batch["id"]))
        return {"id": batch["id"]}


def dataset(rows: int) -> Any:
    """One read task a file; a row has an id and a text."""
    pyarrow, data = import_module("pyarrow"), import_module("ray.data")
    blocks, sources = import_module("ray.data.block"), import_module("ray.data.datasource")
    base: Any = sources.Datasource

    def read(file: int) -> Iterator[Any]:
        for begin in range(file * rows, (file + 1) * rows, 1000):
            ids = list(range(begin, min(begin + 1000, (file + 1) * rows)))
            yield pyarrow.table({"id": ids, "text": [f"row {one} " + "x" * 200 for one in ids]})

    class Files(base):  # type: ignore[misc]
        def get_read_tasks(self, parallelism: int, *args: object, **more: object) -> list[Any]:  # noqa: ARG002
            return [sources.ReadTask(lambda file=file: read(file), metadata(rows)) for file in range(FILES)]

        def estimate_inmemory_data_size(self) -> int:
            return FILES * rows * 220

    def metadata(count: int) -> Any:
        return blocks.BlockMetadata(num_rows=count, size_bytes=count * 220, input_files=None, exec_stats=None)

    return data.read_datasource(Files())


if __name__ == "__main__":
    main()
