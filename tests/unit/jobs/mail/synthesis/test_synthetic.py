import msgspec

from icelos.jobs.mail.synthesis.compose import compose


def test_the_label_follows_from_the_intents_unless_it_is_given() -> None:
    bad, good = (
        compose(intent="invoice", language="en", seed=1),
        compose(intent="receipt", language="en", seed=1),
    )
    assert bad.malicious
    assert not good.malicious
    assert msgspec.structs.replace(good, labelled_malicious=True).malicious


def test_a_mail_can_be_stored() -> None:
    mail = compose(intent="invoice", language="en", seed=1)
    assert msgspec.json.decode(msgspec.json.encode(mail), type=type(mail)) == mail
