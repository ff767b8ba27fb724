import msgspec
import numpy as np

from icelos.jobs.mail.senders.departure import PARTS
from icelos.jobs.mail.senders.weights import BEND, DEFAULT, Weights, as_weights, features, fitted


def test_a_fit_finds_what_separates() -> None:
    dice = np.random.default_rng(0)
    takeover = np.arange(400) % 2 == 0
    rows = dice.normal(size=(400, 3))
    rows[:, 1] += 3 * takeover
    found = fitted(rows, takeover, np.ones(400))
    assert found[1] > 1
    assert abs(found[0]) < 0.3
    assert ((rows @ found[:-1] + found[-1] > 0) == takeover).mean() > 0.9


def test_no_part_is_proof_alone() -> None:
    values = features(np.full(len(PARTS), 1e6), 10, 20)
    assert values[: len(PARTS)].max() <= BEND


def test_those_that_ship_are_of_known_parts_and_survive_json() -> None:
    assert set(DEFAULT.parts) <= set(PARTS)
    assert msgspec.json.decode(msgspec.json.encode(DEFAULT), type=Weights) == DEFAULT
    assert DEFAULT.score(np.zeros(len(PARTS)), 50, 50) < DEFAULT.review < DEFAULT.alert


def test_names_follow_the_parts() -> None:
    found = as_weights(range(len(PARTS) + 3), review=1, alert=2, made_from="x")
    assert found.parts[PARTS[2]] == 2
    assert (found.words, found.mails, found.bias) == (len(PARTS), len(PARTS) + 1, len(PARTS) + 2)
