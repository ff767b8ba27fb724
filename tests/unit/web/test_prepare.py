"""The state is true at every step, whatever happens."""

from __future__ import annotations

import pytest

from icelos.errors import StoreError
from icelos.settings import Settings
from icelos.web.prepare import Prepare, Progress, Stopped, Work
from icelos.web.services import Services


@pytest.fixture
def services(settings: Settings) -> Services:
    return Services(settings)


def run(services: Services, work: Work) -> Prepare:
    prepare = Prepare(services, work)
    prepare.run()
    prepare.stop()
    services.close()
    return prepare


def test_ready(services: Services) -> None:
    seen: list[str] = []

    def work(_services: Services, progress: Progress) -> None:
        progress(1, 2)
        seen.append(prepare.state.phase)

    prepare = Prepare(services, work)
    assert prepare.state.phase == "starting"
    prepare.run()
    assert seen == ["indexing"]
    assert (prepare.state.phase, prepare.state.done, prepare.state.total) == ("ready", 1, 2)
    prepare.stop()
    services.close()


def test_failed_with_its_reason(services: Services) -> None:
    def work(_services: Services, _progress: Progress) -> None:
        raise StoreError("disk full")

    assert run(services, work).state.detail == "disk full"


def test_a_defect_shows_no_inside(services: Services) -> None:
    def work(_services: Services, _progress: Progress) -> None:
        raise KeyError("inside")

    state = run(services, work).state
    assert state.phase == "failed"
    assert "inside" not in state.detail


def test_stopping_ends_the_work(services: Services) -> None:
    def work(_services: Services, progress: Progress) -> None:
        prepare.stop()
        progress(1, 2)
        raise AssertionError("went on")

    prepare = Prepare(services, work)
    prepare.run()
    assert prepare.state.phase == "starting"
    with pytest.raises(Stopped):
        prepare._progress(1, 2)


def test_who_waits_hears_of_it_until_it_is_settled(services: Services) -> None:
    def work(_services: Services, progress: Progress) -> None:
        progress(1, 2)
        seen.append(next(prepare.waiting()).done)

    seen: list[int] = []
    prepare = Prepare(services, work)
    assert next(prepare.waiting()).phase == "starting"
    prepare.run()
    assert seen == [1]
    assert list(prepare.waiting()) == []
    prepare.stop()
    services.close()


def test_nobody_waits_for_what_is_stopped(services: Services) -> None:
    prepare = Prepare(services, lambda _services, _progress: None)
    prepare.stop()
    assert list(prepare.waiting()) == []
