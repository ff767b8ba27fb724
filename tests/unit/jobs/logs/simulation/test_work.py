from __future__ import annotations

from collections import Counter
from itertools import pairwise

from icelos.jobs.logs.simulation.events import Action
from icelos.jobs.logs.simulation.files import File
from icelos.jobs.logs.simulation.organisation import Organisation
from icelos.jobs.logs.simulation.work import named


def test_reads_come_before_writes_of_the_same_file(actions: list[Action]) -> None:
    on_files = [action for action in actions if isinstance(action.target, File)]
    shares = Counter(action.operation for action in on_files)
    assert (
        shares["FileAccessed"] > shares["FileModified"] > shares["FileUploaded"] > shares["FileDeleted"] > 0
    )
    for before, action in pairwise(on_files):
        if action.operation in ("FileModified", "FileDeleted", "FileRenamed"):
            assert before.target is action.target
            assert before.actor is action.actor


def test_only_administrators_change_other_accounts(actions: list[Action], organisation: Organisation) -> None:
    others = [a for a in actions if a.source == "entra-audit" and a.target is not a.actor]
    assert others
    assert all(organisation.people[a.actor.number].admin for a in others)
    admin = next(p for p in organisation.people if p.admin)
    assert named("Azure Portal", admin).sensitive
