from icelos.jobs.mail.intents.taxonomy import ALL
from icelos.jobs.mail.synthesis.usual import USUAL


def test_every_intent_is_written_and_none_drowns_the_rest() -> None:
    assert set(USUAL) == set(ALL)
    assert min(USUAL.values()) > 0
    assert max(USUAL.values()) < 0.2 * sum(USUAL.values())
