from __future__ import annotations

from pathlib import Path

from icelos.jobs.copilot.measure import measure


def test_every_figure_on_a_small_catalogue(tmp_path: Path) -> None:
    (tmp_path / "kev").mkdir()
    head = (
        "cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,requiredAction,dueDate,"
        "knownRansomwareCampaignUse,notes,cwes\n"
    )
    rows = "".join(
        f"CVE-2024-9{n:04},Acme{n},Gate{n},Acme{n} Gate Bypass Vulnerability,2024-06-{n % 28 + 1:02},"
        f'"Acme{n} Gate{n} has an authentication bypass that lets visitor {n + 300} open the door.",Fix it.,'
        "2024-07-15,Unknown,,CWE-287\n"
        for n in range(30)
    )
    (tmp_path / "kev" / "kev.csv").write_text(head + rows, "utf-8")
    report = measure(tmp_path, number=8, honest=4, lies=4)
    figures = report.figures()
    assert figures["answers/fact in at most 5 sentences"] >= 0.75
    assert figures["citations/handles resolve to what carries the sentence"] == 1.0
    assert figures["verification/planted lies removed"] >= 0.75
    assert figures["honesty/unknown identifiers named as such"] == 1.0
