"""Simulated mail and a model that was learnt from a little of it, made once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from icelos.jobs.mail.detector.examples import synthetic_examples
from icelos.jobs.mail.detector.model import PARTS, Card, MailModel
from icelos.jobs.mail.detector.thresholds import thresholds_for
from icelos.jobs.mail.detector.train import Examples, fit_mixture, fit_parts, unseen_reading
from icelos.jobs.mail.detector.versions import bundled
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.synthesis.corpus import synthesise
from icelos.jobs.mail.synthesis.synthetic import SyntheticMail

LANGUAGES = {"en": 2.0, "de": 1.0}


@pytest.fixture(scope="session")
def made_mails() -> tuple[SyntheticMail, ...]:
    """Simulated mails in two languages, half of them malicious."""
    return tuple(synthesise(360, languages=LANGUAGES, seed=11))


@pytest.fixture(scope="session")
def small_examples(made_mails: tuple[SyntheticMail, ...]) -> Examples:
    return synthetic_examples(made_mails)


@pytest.fixture(scope="session")
def learn() -> Callable[[Examples, str], MailModel]:
    """A model without the encoder, learnt from examples, under a name."""

    def one(examples: Examples, version: str) -> MailModel:
        places = [place for place, name in enumerate(PARTS) if name != "meaning"]
        apart = unseen_reading(examples)
        mixture = fit_mixture(
            apart.parts[:, places], examples.labels, examples.weights, [PARTS[place] for place in places]
        )
        made = "2026-01-02T03:04:05+00:00"
        card = Card(version=version, created=made, trained_on=("simulated mail",),
                    mixtures={"words": mixture}, thresholds={})  # fmt: skip
        model = MailModel(card, *fit_parts(examples))
        ham = model.log_odds(apart, "words")[examples.labels == 0]
        found = {"words": thresholds_for(ham, 0.01)}
        return model._replace(card=Card(version=version, created=made, trained_on=("simulated mail",),
                                        mixtures={"words": mixture}, thresholds=found))  # fmt: skip

    return one


@pytest.fixture(scope="session")
def small_model(small_examples: Examples, learn: Callable[[Examples, str], MailModel]) -> MailModel:
    """Learnt from `small_examples`."""
    return learn(small_examples, "small")


@pytest.fixture(scope="session")
def package_model() -> MailModel:
    """The model that the package brings."""
    return bundled()


@pytest.fixture
def letter() -> Callable[..., Message]:
    """A message that has been read: text or HTML's text, a subject, a sender, and whatever else is given."""

    def make(
        text: str = "", *, subject: str = "", sender: str = "Ann <ann@northwind.com>", **more: object
    ) -> Message:
        headers = [("from", sender), ("to", "Bob Miller <bob.miller@northwind.com>"), ("subject", subject)]
        return Message(headers, text=text, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def noise() -> np.random.Generator:
    return np.random.default_rng(5)
