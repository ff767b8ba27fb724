"""The vulnerable code by what the fixed release changed."""

from __future__ import annotations

from tests.unit.jobs.vulns.investigation.conftest import MakeCase

from icelos.jobs.vulns.fixes.fixes import Fix
from icelos.jobs.vulns.investigation.definitions import Definitions
from icelos.jobs.vulns.investigation.fixed import fixed_in
from icelos.jobs.vulns.investigation.loop import investigate
from icelos.jobs.vulns.investigation.tools import run
from icelos.jobs.vulns.verdicts import Label

WORDS = "import re\nPART = 'a'\nWORD = re.compile(PART)\n\n\ndef split(t):\n    return WORD\n"
PAGE = "from kit import words\n\n\nclass Page:\n    def show(self):\n        return words.WORD\n"
SOURCES = [
    ("kit", "kit/__init__.py", "def load(t):\n    return t\n\n\ndef dump_archive(v):\n    return v\n"),
    ("kit.words", "kit/words.py", WORDS),
    ("kit.page", "kit/page.py", PAGE),
]  # fmt: skip
SILENT = "A flaw lets an attacker stop the service with a crafted archive."


def fix(*symbols: str, files: tuple[str, ...] = ()) -> Fix:
    return Fix("kit", "1.1", "1.0", len(symbols), symbols, files)


def test_folders_above_the_package_are_left_off() -> None:
    found = fixed_in(Definitions(SOURCES), [fix("lib3.kit.load")], "")
    assert found is not None
    assert (found.symbols, found.whole) == (("kit.load",), True)


def test_a_changed_value_is_what_uses_it_in_any_module() -> None:
    found = fixed_in(Definitions(SOURCES), [fix("kit.words.PART")], "")
    assert found is not None
    functions, values = ("kit.words.split", "kit.page.Page.show"), ("kit.words.PART", "kit.words.WORD")
    assert found.symbols == (*functions, *values)


def test_words_of_the_advisory_tell_which_part_is_meant() -> None:
    found = fixed_in(Definitions(SOURCES), [fix("kit.load", "kit.dump_archive")], SILENT)
    assert found is not None
    assert (found.meant, found.fits) == (("kit.dump_archive",), True)
    other = fixed_in(Definitions(SOURCES), [fix("kit.load", "kit.dump_archive")], "Something is wrong.")
    assert other is not None
    assert (other.meant, other.fits) == (("kit.load", "kit.dump_archive"), False)


def test_what_is_not_installed_or_not_python_leaves_it_open() -> None:
    definitions = Definitions(SOURCES)
    assert fixed_in(definitions, [], "") is None
    assert fixed_in(definitions, [fix("other.thing")], "") is None
    lost = fixed_in(definitions, [fix("kit.load", "kit.gone.thing")], "")
    mixed = fixed_in(definitions, [fix("kit.load", files=("kit/fast.c",))], "")
    assert lost is not None
    assert mixed is not None
    assert not lost.whole
    assert not mixed.whole


def test_code_that_no_call_leads_to_is_ruled_out_by_the_fix(make_case: MakeCase) -> None:
    case = make_case(SILENT, fixes=[fix("kit.dump_archive")])
    seen = run(case, "fix", {})
    assert seen.rules_out is Label.CODE_NOT_REACHABLE
    assert seen.evidence[0].source == "kit 1.0 → 1.1"
    assert investigate(case).conclusion.label is Label.CODE_NOT_REACHABLE


def test_changed_code_that_is_reached_is_vulnerable(make_case: MakeCase) -> None:
    case = make_case("Loading a document runs what it says.", fixes=[fix("kit.load", "kit.dump_archive")])
    found = investigate(case).conclusion
    assert (found.label, found.evidence[-1].source) == (Label.VULNERABLE, "app/main.py:7")


def test_a_fix_that_changed_more_than_python_rules_nothing_out(make_case: MakeCase) -> None:
    case = make_case(SILENT, fixes=[fix("kit.dump_archive", files=("kit/fast.c",))])
    assert run(case, "fix", {}).rules_out is None
    assert investigate(case).conclusion.label is Label.UNCERTAIN


def test_without_fitting_words_half_of_the_changed_parts_have_to_be_reached(make_case: MakeCase) -> None:
    half = make_case("Something is wrong.", fixes=[fix("kit.load", "kit.dump_archive")])
    assert investigate(half).conclusion.label is Label.VULNERABLE
    none = make_case("Something is wrong.", fixes=[fix("kit.dump_archive")])
    assert investigate(none).conclusion.label is Label.CODE_NOT_REACHABLE
