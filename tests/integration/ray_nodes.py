"""A run over a cluster of a head and two nodes, all on this machine; one node is killed in the middle.

    python ray_nodes.py given|files JOB ROWS SINK

Prints the report, as JSON. It is a program of its own since a process knows one cluster, and one token.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from icelos.contracts import Sink
from icelos.data.sinks import SqliteSink
from icelos.engine.jobs import items_of
from icelos.engine.loop import Loop
from icelos.engine.observing import Observer
from icelos.engine.ray.cluster import RayWorkers
from icelos.engine.ray.distributed import Reading
from icelos.engine.ray.parts import Readings
from icelos.engine.ray.reading_loop import ReadingLoop
from icelos.engine.ray.shared import SharedWorkers
from icelos.engine.run import Options, Report
from icelos.engine.workers import JobSpec
from icelos.settings import Settings

OPTIONS = Options(batch_size=20, workers=2, partitions=4, checkpoint_seconds=0.5)


class Nodes(Observer):
    """The cluster, one node of which is killed when some hundred records are stored."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "include_dashboard": False}
        self.cluster: Any = Cluster(initialize_head=True, head_node_args=head)
        self.nodes = [self.cluster.add_node(num_cpus=1) for _ in range(2)]

    def stored(self, report: Report, seconds: float) -> None:
        if report.read >= 600 and len(self.nodes) == 2:
            self.cluster.remove_node(self.nodes.pop(), allow_graceful=False)

    def close(self) -> None:
        import ray

        ray.shutdown()
        for node in [*self.nodes, self.cluster.head_node]:
            node.kill_all_processes(check_alive=False, allow_graceful=False)


def main() -> None:
    how, job, rows, sink = sys.argv[1:]
    nodes = Nodes()
    try:
        with SqliteSink(sink) as opened:
            report = files(nodes, job, rows, opened) if how == "files" else given(nodes, job, rows, opened)
    finally:
        nodes.close()
    print(json.dumps({**report.as_dict(), "nodes left": len(nodes.nodes)}))


def given(nodes: Nodes, job: str, rows: str, sink: Sink) -> Report:
    """The driver reads."""
    spec = JobSpec(job, Settings(), {"milliseconds": "3"})
    pool = RayWorkers(spec, address=nodes.cluster.address, minimum=2, maximum=2, sharing_s=3.0)
    workers = SharedWorkers(pool) if job == "marks" else pool
    source = items_of(job, rows, source_format="jsonl", options=None)
    return Loop(spec.build(), source, sink, workers, OPTIONS, observer=nodes, stop=lambda: False).go()


def files(nodes: Nodes, job: str, rows: str, sink: Sink) -> Report:
    """The workers read."""
    readings = Readings(job, (rows,), source_format="jsonl", batch_size=20)
    spec = JobSpec(job, Settings(), {"milliseconds": "3"})
    pool = RayWorkers(spec, address=nodes.cluster.address, minimum=2, maximum=2, readings=readings)
    loop = ReadingLoop(
        job, Reading(pool, readings), sink, OPTIONS, observer=nodes, stop=lambda: False, close=pool.close
    )
    return loop.go()


if __name__ == "__main__":
    main()
