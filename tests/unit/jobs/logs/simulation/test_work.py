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


def test_what_is_gone_is_not_touched_again(actions: list[Action]) -> None:
    gone: dict[object, int] = {}
    for action in sorted(actions, key=lambda action: action.time):
        assert action.target not in gone or gone[action.target] == action.time
        if action.operation in ("FileDeleted", "FileRenamed", "Page deleted"):
            gone[action.target] = action.time
    assert len(gone) > 20


def test_only_administrators_change_other_accounts(actions: list[Action], organisation: Organisation) -> None:
    changes = [a for a in actions if a.source == "entra-audit" and a.target is not a.actor]
    others = [a for a in changes if a.actor.number < len(organisation.people)]
    assert len(others) < len(changes)
    assert others
    assert all(organisation.people[a.actor.number].admin for a in others)
    admin = next(p for p in organisation.people if p.admin)
    assert named("Azure Portal", admin).sensitive
