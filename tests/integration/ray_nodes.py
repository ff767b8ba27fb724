"""A run over a cluster of a head and two nodes, all on this machine; one node is killed in the middle.

    python ray_nodes.py records|files FOLDER

Prints what was stored, as JSON. It is a program of its own since a process knows one cluster, and one token.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from icelos.contracts import Scored
from icelos.engine.distributed import Reading
from icelos.engine.jobs import items_of
from icelos.engine.parts import Readings
from icelos.engine.ray import RayPending, RayWorker, RayWorkers
from icelos.engine.workers import JobSpec, WorkerDied
from icelos.records import Record
from icelos.settings import Settings

Given = tuple[list[Record], RayPending]


class Nodes:
    """The cluster, and who is on which of its nodes."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "include_dashboard": False}
        self.cluster: Any = Cluster(initialize_head=True, head_node_args=head)
        self.nodes = [self.cluster.add_node(num_cpus=1) for _ in range(2)]

    def kill_one(self) -> None:
        self.cluster.remove_node(self.nodes.pop(), allow_graceful=False)

    def close(self) -> None:
        import ray

        ray.shutdown()
        for node in self.nodes:
            self.cluster.remove_node(node, allow_graceful=False)
        self.cluster.head_node.kill_all_processes(check_alive=False, allow_graceful=False)


def main() -> None:
    what, folder = sys.argv[1:]
    readings = Readings("plain", (folder,), source_format="lines", batch_size=10)
    nodes = Nodes()
    began = time.perf_counter()
    told: dict[str, Any] = {"outcomes": [], "read": 0, "died": 0, "busy": 0}
    try:
        spec = JobSpec("plain", Settings(), {"seconds": "0.005"})
        with RayWorkers(spec, address=nodes.cluster.address, minimum=2, maximum=2, readings=readings) as pool:
            crew = pool.start_some(2)
            told["workers"] = len(crew)
            batches = (
                by_records(pool, crew, folder, told)
                if what == "records"
                else by_files(pool, crew, readings, told)
            )
            for number, outcomes in enumerate(batches):
                told["read"] += len(outcomes)
                told["outcomes"] += [str(one) for one in outcomes if one is not None]
                if number >= 20 and told["busy"] == 2 == len(nodes.nodes):
                    nodes.kill_one()
    finally:
        nodes.close()
    told["seconds"] = round(time.perf_counter() - began, 1)
    print(json.dumps(told))


def by_records(
    pool: RayWorkers, crew: list[RayWorker], folder: str, told: dict[str, Any]
) -> Iterator[list[Scored]]:
    """The driver reads; two batches at a time for each worker."""
    items = [
        one
        for one in items_of("plain", folder, source_format="lines", options=None)
        if isinstance(one, Record)
    ]
    todo = deque(items[n : n + 10] for n in range(0, len(items), 10))
    given: list[tuple[RayWorker, deque[Given]]] = [(worker, deque()) for worker in crew]
    while todo or any(under_way for _, under_way in given):
        for worker, under_way in given:
            while todo and len(under_way) < 2:
                batch = todo.popleft()
                under_way.append((batch, worker.submit(0, batch)))
        pool.wait([pending for _, under_way in given for _, pending in under_way])
        for one in list(given):
            worker, under_way = one
            try:
                told["busy"] = sum(bool(waiting) for _, waiting in given)
                while under_way and under_way[0][1].done():
                    yield under_way[0][1].result()
                    under_way.popleft()
            except WorkerDied:
                told["died"] += 1
                given.remove(one)
                todo.extend(batch for batch, _ in under_way)
        if not given:
            given.append((pool.start(), deque()))


def by_files(
    pool: RayWorkers, crew: list[RayWorker], readings: Readings, told: dict[str, Any]
) -> Iterator[list[Scored]]:
    """The workers read."""
    for worker in crew:
        worker.close()
    reading = Reading(pool, readings)
    for batch in reading:
        told["busy"] = sum(bool(lane.pending) for lane in reading._lanes)
        yield batch.outcomes
    told["died"] = reading.died


if __name__ == "__main__":
    main()
