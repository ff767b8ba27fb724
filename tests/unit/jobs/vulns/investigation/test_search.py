from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.search import MAX_HITS, search_code, search_text


def test_words_are_literal_and_in_any_case(make_case: Callable[..., Case]) -> None:
    assert [one.source for one in search_text(make_case(), "KIT.LOAD(").evidence] == ["app/main.py:7"]
    assert not search_text(make_case(), "kit.*load").evidence


def test_hits_are_bounded(make_case: Callable[..., Case], root: Path) -> None:
    (root / "app/long.txt").write_text("needle\n" * 100)
    found = search_text(make_case(), "needle")
    assert (len(found.evidence), found.says) == (MAX_HITS, f"{MAX_HITS}+ lines hold 'needle'")


@pytest.mark.parametrize("query", ["dump archive", "DumpArchive", "writes archives"])
def test_functions_are_found_by_what_they_are_about(make_case: Callable[..., Case], query: str) -> None:
    found = search_code(make_case(), query)
    assert (found.evidence[0].quote, found.evidence[0].source) == ("kit.dump_archive", "kit/__init__.py:6")


@pytest.mark.parametrize("query", ['" OR 1', "load) OR (", "NEAR(load", "name:load *"])
def test_a_query_is_words_only(make_case: Callable[..., Case], query: str) -> None:
    assert not search_code(make_case(), query).failed


def test_a_query_without_words(make_case: Callable[..., Case]) -> None:
    assert search_code(make_case(), "?!").open == "no word in the query"


def test_a_source_that_does_not_parse_is_passed_over(make_case: Callable[..., Case], root: Path) -> None:
    (root / "app/broken.py").write_text("def (:\n\0")
    assert search_code(make_case(), "parse document").evidence[0].quote == "kit.load"
