from __future__ import annotations

from collections.abc import Callable

import pytest

from icelos.jobs.mail.delivery.points import BASE, points, symbol_name
from icelos.jobs.mail.judge import Judgement

Made = Callable[..., Judgement]


def test_mail_that_nothing_speaks_of_has_no_points(made: Made) -> None:
    told = points(made(), 0.5, spam=False)
    assert (told.total, told.parts) == (0.0, ())


def test_the_threshold_is_five_points(made: Made) -> None:
    assert points(made(4.0), 0.5, spam=True).total == 5.0


def test_the_threshold_may_be_another_score(made: Made) -> None:
    judgement = made(4.0 + 2.19722)  # log-odds of 0.9
    assert points(judgement, 0.9, spam=True).total == 5.0


@pytest.mark.parametrize("weights", [(), (1.0,), (1.111, 2.222, 3.333), (5.0, -2.345), (0.004, 0.004)])
@pytest.mark.parametrize("threshold", [0.0, 0.01, 0.5, 0.97, 1.0])
def test_what_is_shown_sums_exactly(made: Made, weights: tuple[float, ...], threshold: float) -> None:
    judgement = made(*weights)
    told = points(judgement, threshold, spam=judgement.score >= threshold)
    assert round(sum(value for _, value in told.parts), 2) == told.total


def test_rounding_does_not_cross_the_threshold(made: Made) -> None:
    assert points(made(3.9999), 0.5, spam=False).total == 4.99
    assert points(made(3.9999), 0.5, spam=True).total == 5.0


def test_a_threshold_below_the_bias_has_a_base(made: Made) -> None:
    told = points(made(bias=1.0), 0.5, spam=True)
    assert told.parts == ((BASE, 6.0),)


def test_no_weight_makes_a_number_that_cannot_be_read(made: Made) -> None:
    assert points(made(1e6), 0.5, spam=True).total == 999.0


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("display-name", "DISPLAY_NAME"),
        ("wording: a\r\nb", "WORDING_A_B"),
        ("é", "UNNAMED"),
        ("x" * 99, "X" * 60),
    ],
)
def test_names_are_those_of_mail_servers(name: str, shown: str) -> None:
    assert symbol_name(name) == shown
