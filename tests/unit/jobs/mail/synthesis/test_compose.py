import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from icelos.errors import InputError
from icelos.jobs.mail.intents.taxonomy import ALL
from icelos.jobs.mail.synthesis.bank import load_bank
from icelos.jobs.mail.synthesis.compose import choose, compose
from icelos.jobs.mail.synthesis.corpus import synthesise
from icelos.jobs.mail.synthesis.synthetic import SyntheticMail


def shape(mail: SyntheticMail) -> list[float]:
    """What a mail looks like to one who cannot read: lengths, lines, layout, links."""
    lines, html, size = mail.text.split("\n"), mail.html or "", len(mail.text)
    return [
        len(mail.text), len(lines), sum(not line for line in lines), max(map(len, lines)), len(mail.subject),
        bool(html), mail.html_only, len(html), html.count("<table"), html.count("<img"), html.count("<a "),
        len(mail.links), mail.text.count("://"), bool(mail.attachment), mail.subject.isupper(),
        sum(c.isupper() for c in mail.text) / size, sum(c.isdigit() for c in mail.text) / size,
    ]  # fmt: skip


@pytest.mark.parametrize("languages", [None, {"en": 1.0}])
def test_looks_do_not_tell_what_a_mail_wants(languages: dict[str, float] | None) -> None:
    mails = list(synthesise(3000, languages=languages, seed=1))
    features = np.array([shape(mail) for mail in mails], dtype=float)
    labels = np.array([mail.malicious for mail in mails])
    scenes = np.unique([f"{mail.language}:{mail.scene}" for mail in mails], return_inverse=True)[1]
    probe = make_pipeline(QuantileTransformer(n_quantiles=50), LogisticRegression())
    scores = cross_val_predict(
        probe, features, labels, cv=GroupKFold(4), groups=scenes, method="predict_proba"
    )
    assert roc_auc_score(labels, scores[:, 1]) <= 0.60


def test_the_same_seed_gives_the_same_mail() -> None:
    assert compose(seed=11) == compose(seed=11)
    assert compose(seed=11) != compose(seed=12)


def test_spans_carry_the_intent_in_every_language() -> None:
    bank = load_bank()
    for language in bank.languages:
        for seed in range(40):
            mail = compose(language=language, seed=seed)
            assert mail.intents[0] == bank.named(language, mail.scene).intent
            assert set(mail.intents) == {span.intent for span in mail.spans}
            assert all(
                0 <= start < end <= len(mail.text) and mail.text[start:end].strip()
                for start, end, _ in mail.spans
            )


def test_no_slot_stays_empty() -> None:
    for seed in range(400):
        mail = compose(seed=seed)
        assert "{" not in mail.subject + mail.sender_name
        assert not any(f"{{{slot}}}" in mail.text for slot in ("org", "brand", "first", "link", "amount"))


def test_what_is_wanted_is_made() -> None:
    for intent in ALL:
        assert compose(intent=intent, language="en", seed=1).intents[0] == intent
    assert compose(language="de", style="terse", intent="reconnaissance", seed=1).style == "terse"
    mails = [compose(seed=seed, language="en", organisation="Quill") for seed in range(40)]
    assert any("Quill" in mail.text for mail in mails)


def test_what_has_no_phrases_is_an_error() -> None:
    with pytest.raises(InputError, match="no phrases for intent"):
        choose(load_bank(), 1, language="xx")
    with pytest.raises(InputError, match="no phrases for intent 'robbery'"):
        compose(intent="robbery")


def test_variety() -> None:
    mails = [compose(intent="credential-theft", language="en", seed=seed) for seed in range(300)]
    assert len({mail.text for mail in mails}) == 300
    assert any(len(mail.intents) == 2 for mail in mails)
    assert any(mail.text.count("\n") == 0 for mail in mails)
    assert any(len(mail.text) > 1500 for mail in mails)
    assert any("> " in mail.text for mail in mails)
    assert any(mail.html and "<table" in mail.html for mail in mails)
    assert any(mail.subject.isupper() for mail in mails)
    assert all(url in mail.text or mail.html for mail in mails for _, url in mail.links)
