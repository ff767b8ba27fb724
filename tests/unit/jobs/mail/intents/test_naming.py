from icelos.jobs.mail.intents.naming import named

INTENTS = {
    "credential-theft": 0.9,
    "invoice": 0.6,
    "prize": 0.1,
    "receipt": 0.4,
    "security-notice": 0.7,
    "work": 0.1,
}


def test_the_mail_decides_on_the_family() -> None:
    assert named(INTENTS, 3.0) == ["credential-theft", "invoice"]
    assert named(INTENTS, -3.0) == ["security-notice"]


def test_the_likeliest_is_named_however_unlikely() -> None:
    assert named({"prize": 0.01, "invoice": 0.02, "work": 0.9}, 0.0) == ["invoice"]


def test_nothing_is_named_of_a_family_that_a_model_lacks() -> None:
    assert named({"work": 0.9}, 1.0) == []
