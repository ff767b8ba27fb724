"""The processes of one run, as `torchrun` starts them (it sets RANK, WORLD_SIZE, LOCAL_RANK and an address).

Gradients are averaged by DistributedDataParallel, over NCCL on GPUs and Gloo on CPUs. Only the first
process writes; it alone decides what clocks and signals decide.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

from icelos.errors import InputError, RunError
from icelos.gpt.folder import default_device


@dataclass(frozen=True)
class Ranks:
    """This process among `world`; `device` is its own."""

    rank: int = 0
    world: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        return self.rank == 0

    def agreed(self, *values: float) -> tuple[float, ...]:
        """The values of the first process."""
        if self.world == 1:
            return values
        shared = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.broadcast(shared, src=0)
        return tuple(shared.tolist())

    def summed(self, value: float) -> float:
        """The sum of a value over all processes."""
        if self.world == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.all_reduce(shared)
        return float(shared)

    def first_does(self, work: Callable[[], None]) -> None:
        """Let the first process do something while the others wait. Raises RunError there if it failed."""
        done = 0.0
        try:
            if self.first:
                work()
            done = 1.0
        finally:
            (done,) = self.agreed(done)
        if not done:
            raise RunError("the first process failed")


@contextmanager
def joined() -> Iterator[Ranks]:
    """This process's place; alone where `torchrun` did not start it. Raises InputError."""
    try:
        rank, world, local = (int(os.environ.get(name, default)) for name, default in _PLACES)
    except ValueError as error:
        raise InputError(
            "RANK, WORLD_SIZE and LOCAL_RANK must be numbers", hint="start it by torchrun"
        ) from error
    if world == 1:
        yield Ranks(device=default_device())
        return
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(local)
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Ranks(rank, world, f"cuda:{local}" if cuda else "cpu")
    finally:
        dist.destroy_process_group()


_PLACES = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))
