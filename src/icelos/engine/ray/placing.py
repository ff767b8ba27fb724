"""How many workers there should be, and what each takes of the node that it is placed on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from icelos.errors import SettingsError


class Needs(NamedTuple):
    """What one worker takes of its node; .25 GPUs: four share one. Memory is in MiB."""

    cpus: float = 1
    gpus: float = 0
    memory_mib: int = 0

    def __str__(self) -> str:
        memory = f" and {self.memory_mib} MiB" if self.memory_mib else ""
        return f"{self.cpus:g} CPUs, {self.gpus:g} GPUs{memory}"

    def check(self) -> None:
        """Raises SettingsError for what no node could give."""
        if not all(math.isfinite(number) and number >= 0 for number in self):
            raise SettingsError(f"a worker cannot take {self}", hint="give numbers from 0")
        if not (self.cpus or self.gpus):
            raise SettingsError("a worker takes some of a CPU or of a GPU", hint="such as 1 CPU")
        for name, number in (("CPUs", self.cpus), ("GPUs", self.gpus)):
            if number > 1 and number != int(number):
                raise SettingsError(
                    f"a worker cannot take {number:g} {name}", hint="a part of one, or whole ones"
                )
            if 0 < number < 1e-4:
                raise SettingsError(f"a worker cannot take {number:g} {name}", hint="0.0001 is the least")

    def room(self, nodes: Sequence[Mapping[str, float]]) -> int:
        """How many fit on nodes with such resources: "CPU", "GPU", and "memory" in bytes."""
        wanted = {"CPU": self.cpus, "GPU": self.gpus, "memory": float(self.memory_mib << 20)}
        amounts = {name: amount for name, amount in wanted.items() if amount}
        return sum(
            int(min(node.get(name, 0.0) / amount + 1e-9 for name, amount in amounts.items()))
            for node in nodes
        )


class Policy:
    """A pool of `minimum` to `maximum` workers, which grows at once and shrinks slowly.

    Raises SettingsError for bounds that make no sense. `maximum` 0: what there is room for.
    """

    def __init__(
        self, minimum: int, maximum: int, *, idle_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if minimum < 1 or (maximum and maximum < minimum):
            hint = "at least 1, and at most no fewer; 0 = what there is room for"
            raise SettingsError(f"a pool of {minimum} to {maximum} workers", hint=hint)
        self._bounds = (minimum, maximum)
        self._idle = idle_s
        self._clock = clock
        self._busy = clock()

    def wanted(self, waiting: int, workers: int, *, room: Callable[[], int]) -> int:
        """How many there should be where `waiting` batches wait, beyond what `workers` have to do."""
        now = self._clock()
        least, most = self._bounds
        if waiting:
            self._busy = now
            return max(least, min(workers + math.ceil(waiting / 2), most or room()))
        if now - self._busy > self._idle and workers > least:
            self._busy = now
            return workers - 1
        return max(least, workers)


def said(nodes: Sequence[Mapping[str, float]]) -> str:
    """What nodes have together, in words."""
    cpus, gpus, memory = (sum(node.get(name, 0.0) for node in nodes) for name in ("CPU", "GPU", "memory"))
    return f"{cpus:g} CPUs, {gpus:g} GPUs and {int(memory) >> 20} MiB"
