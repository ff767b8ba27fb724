from __future__ import annotations

from icelos.jobs.logs.evaluation.cheats import medoid
from icelos.jobs.logs.evaluation.table import Table
from icelos.jobs.logs.evaluation.text import diversity_figures, other_rouge_figures, rouge_figures
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who


def test_one_typical_row_scores_above_real_rows_and_is_not_diverse(real: list[Row], other: list[Row]) -> None:
    table = Table(real, Who("", "", ""))
    reference, held, typical = (table.part(rows[:150]) for rows in (real, other, medoid(real, 150)))
    good, cheat = rouge_figures(held, reference), rouge_figures(typical, reference)
    assert cheat["ROUGE-2 average"] > good["ROUGE-2 average"]
    assert other_rouge_figures(reference, reference)["ROUGE-L best"] == 1
    assert diversity_figures(held)["distinct rows"] == 1
    assert diversity_figures(typical)["distinct rows"] == 1 / 150
    assert diversity_figures(typical)["self-ROUGE-2"] == 1
