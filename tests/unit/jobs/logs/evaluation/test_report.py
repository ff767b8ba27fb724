from __future__ import annotations

from icelos.jobs.logs.evaluation.consistency import BondKept
from icelos.jobs.logs.evaluation.evaluate import Evaluation
from icelos.jobs.logs.evaluation.gate import check
from icelos.jobs.logs.evaluation.measures import Measure
from icelos.jobs.logs.evaluation.report import render


def test_a_page_of_little() -> None:
    measures = (Measure(name="valid rows", value=0.5, ceiling=1.0),)
    found = Evaluation(
        about={"real": "a & b"}, notes=(), passed=False, checks=check({one.name: one for one in measures}),
        measures=measures, fields=(), bonds=(), histograms=(),
    )  # fmt: skip
    page = render(found)
    assert "1 check failed." in page
    assert "a &amp; b" in page
    assert "default-src 'none'" in page
    assert "http" not in page.replace('<meta http-equiv="Content-Security-Policy"', "")


def test_texts_from_outside_are_no_markup_and_may_be_broken() -> None:
    hostile = "</table><script>alert(1)</script>\u202e\x1b" + "W" * 300
    bond = BondKept(functional=True, left=hostile, right=hostile, kept=0.5, ceiling=0.9, chance=0.1)
    found = Evaluation(
        about={"user": hostile}, notes=(hostile,), passed=True, checks=(), measures=(), fields=(),
        bonds=(bond,), histograms=(),
    )  # fmt: skip
    page = render(found)
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert page.count("&lt;script&gt;") == 4
    assert page.count(f"{'W' * 300}</td>") == page.count('<td class="f">') == 2
