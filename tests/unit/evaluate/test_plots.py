from __future__ import annotations

from defusedxml import minidom
from hypothesis import given
from hypothesis import strategies as st

from icelos.evaluate.plots import escaped, paired_bars, ranked_bars


@given(st.lists(st.tuples(st.text(max_size=80), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=5))
def test_plots_are_whole_svg_whatever_the_labels(rows: list[tuple[str, float, float]]) -> None:
    labels, first, second = zip(*rows, strict=True)
    for plot in (ranked_bars(rows, labels[0]), paired_bars(labels, first, second, labels[0])):
        root = minidom.parseString(plot).documentElement
        assert root is not None
        assert root.tagName == "svg"


def test_nothing_gets_out_of_its_place() -> None:
    assert escaped("<script>\"'&\u202e\n") == "&lt;script&gt;&quot;&#x27;&amp;\ufffd\ufffd"
    assert paired_bars([], [], [], "empty").endswith("</svg>")
