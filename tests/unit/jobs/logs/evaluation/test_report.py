from __future__ import annotations

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
    assert "1 checks failed." in page
    assert "a &amp; b" in page
    assert "default-src 'none'" in page
    assert "http" not in page.replace('<meta http-equiv="Content-Security-Policy"', "")
