from __future__ import annotations

from collections import Counter

from icelos.jobs.logs.simulation.events import START_DAY
from icelos.jobs.logs.simulation.files import RANKS, file_in_hand, page_in_hand, rank, ticket_in_hand
from icelos.jobs.logs.simulation.organisation import Organisation, stream


def test_things_at_the_front_are_touched_most() -> None:
    rng = stream(0, "ranks")
    counts = Counter(rank(rng) for _ in range(5000))
    assert set(counts) <= set(range(RANKS))
    assert counts[0] > 3 * counts[20] > 0


def test_a_file_keeps_its_id_and_a_site_its_ids(organisation: Organisation) -> None:
    sites: dict[str, tuple[str, str, str]] = {}
    paths: dict[str, str] = {}
    for person in organisation.people[:20]:
        for place in range(RANKS):
            file = file_in_hand(1, person, START_DAY, place)
            ids = file.site_id, file.web_id, file.list_id
            assert sites.setdefault(file.root, ids) == ids
            assert paths.setdefault(file.id, f"{file.root}{file.folder}{file.name}") == (
                f"{file.root}{file.folder}{file.name}"
            )
            assert file.own == ("-my." in file.root)


def test_colleagues_share_files_and_new_ones_come_up(organisation: Organisation) -> None:
    one, two = [p for p in organisation.people if p.department == organisation.people[0].department][:2]
    hands = [{file_in_hand(1, p, START_DAY, i).id for i in range(RANKS)} for p in (one, two)]
    later = {file_in_hand(1, one, START_DAY + 70, i).id for i in range(RANKS)}
    assert hands[0] != hands[1]
    assert hands[0] != later


def test_pages_and_tickets_are_of_spaces_and_projects(organisation: Organisation) -> None:
    person = organisation.people[0]
    tickets = [ticket_in_hand(1, person, START_DAY, i) for i in range(20)]
    assert {t.within for t in tickets} == {f"{person.department} Platform", f"{person.department} Requests"}
    assert all(t.title.startswith(f"{t.key}-") for t in tickets)
    assert {page_in_hand(1, person, START_DAY, i).within for i in range(20)} == {person.department, "Company"}
