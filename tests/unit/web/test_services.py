"""Opened once, when first used."""

from __future__ import annotations

import threading

from icelos.settings import Settings
from icelos.web.services import Services


def test_the_principal_is_the_one_of_the_settings(settings: Settings) -> None:
    principal = Services(settings).principal
    assert principal.name == "ann"
    assert principal.groups == frozenset({"soc"})


def test_many_first_users_open_one(settings: Settings) -> None:
    services = Services(settings)
    opened: list[object] = []
    threads = [threading.Thread(target=lambda: opened.append(services.copilot)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in opened}) == 1
    services.close()


def test_closing_twice_is_harmless(settings: Settings) -> None:
    services = Services(settings)
    assert services.knowledge.sources(principal=services.principal) == []
    assert services.findings.findings() == []
    services.close()
    services.close()
