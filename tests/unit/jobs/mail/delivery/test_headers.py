from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes

import dkim

from icelos.findings import Verdict
from icelos.jobs.mail.delivery.headers import marked, not_judged, report, verdict_fields
from icelos.jobs.mail.delivery.policy import Action, Policy, SpamFrom
from icelos.jobs.mail.judge import Judgement
from icelos.jobs.mail.signals.signals import Signal

Made = Callable[..., Judgement]
MAIL = (
    b"From: Ann <ann@example.com>\r\nTo: team@example.org\r\nSubject: minutes\r\nX-Spam-Flag: NO\r\n"
    b"X-Icelos-Verdict: clear\r\nx-spam-status : No, score=-99\r\nDate: Mon, 1 Jun 2026 10:00:00 +0000\r\n"
    b"\r\nHello,\r\n.dots\r\n  trailing  \r\n\r\n"
)


def test_spam_is_told_as_spamassassin_does(made: Made) -> None:
    message = message_from_bytes(marked(MAIL, made(5.0, 3.0, intents={"gift-cards": 0.8}), Policy()))
    assert message["X-Spam-Flag"] == "YES"
    assert message["X-Spam-Score"] == "10.00"
    status = " ".join(message["X-Spam-Status"].split())
    assert status.startswith("Yes, score=10.00 required=5.0 tests=SIGN_0, SIGN_1 version=icelos-")
    assert message["X-Spam-Level"] == "*" * 10
    assert message["X-Icelos-Verdict"] == "alert"
    assert message["X-Icelos-Score"] == "0.9820"
    assert message["X-Icelos-Symbols"] == "SIGN_0=6.25 SIGN_1=3.75"
    assert message["X-Icelos-Why"] == "It shows signs."
    assert message["X-Icelos-Intents"] == "gift-cards=0.80"


def test_what_strangers_wrote_is_gone(made: Made) -> None:
    message = message_from_bytes(marked(MAIL, made(), Policy()))
    assert message.get_all("X-Spam-Flag") is None
    assert message.get_all("X-Icelos-Verdict") == ["clear"]
    assert message.get_all("X-Spam-Status") == ["No, score=0.00 required=5.0 tests=none version=icelos-0.1.0"]


def test_the_body_is_never_touched(made: Made) -> None:
    for out in (marked(MAIL, made(9.0), Policy(subject_tag="[x]")), not_judged(MAIL, "slow")):
        assert out.partition(b"\r\n\r\n")[2] == MAIL.partition(b"\r\n\r\n")[2]


def test_a_subject_is_tagged_only_where_the_action_is(made: Made) -> None:
    policy = Policy(subject_tag="[Spam?]", on_review=Action.DELIVER)
    assert b"Subject: [Spam?] minutes" in marked(MAIL, made(9.0), policy)
    assert b"Subject: minutes" in marked(MAIL, made(4.5), policy)
    assert b"Subject: minutes" in marked(MAIL, made(), policy)


def test_review_is_not_spam_where_only_alerts_are(made: Made) -> None:
    names = dict(verdict_fields(made(4.5), Policy(spam_from=SpamFrom.ALERT)))
    assert "X-Spam-Flag" not in names
    assert float(names["X-Spam-Score"]) < 5.0


def test_hostile_reasons_stay_in_their_field(made: Made) -> None:
    evil = "x\r\nX-Spam-Flag: NO\r\n\r\nbody\x00\u202e"
    judgement = made(
        5.0,
        sentence=evil,
        intents={evil: 0.9},
        verdict=Verdict.ALERT,
        symbols=(Signal(evil, 5.0, evil, evil, evil),),
    )
    out = marked(MAIL, judgement, Policy())
    message = message_from_bytes(out)
    assert message.get_all("X-Spam-Flag") == ["YES"]
    assert message["Subject"] == "minutes"
    assert out.isascii()
    assert report(judgement, Policy()).isascii()


def test_a_mail_without_a_verdict_says_why() -> None:
    message = message_from_bytes(not_judged(MAIL, "it took\r\nX-Spam-Flag: YES"))
    assert message["X-Icelos-Error"] == "it took X-Spam-Flag: YES"
    assert message["X-Spam-Flag"] is None


def test_the_report_lists_what_sums_to_the_score(made: Made) -> None:
    lines = report(made(5.0, 3.0), Policy()).split("\r\n")
    assert lines[0].endswith("alert, 10.00 of 5.0 points")
    assert lines[5] == " 6.25 SIGN_0                 it shows sign 0"


PRIVATE = b"""-----BEGIN RSA PRIVATE KEY-----
MIICXAIBAAKBgQDYRhshkxo6O6qENjKFItWN02jFig3q7+2tOzgUTDD8d6SsAw1G
a/+iLINAHUfYJlOtaTp+oDwJ6uaydKHcrhcnaRvqDcFLmoAgUjTuPLd/BKcVE4eF
BDOk5joI9ID23ZM6vKo5J9Ui6yGOzbtJ+zrCWyzyby+e+iWm/JdlexTD1QIDAQAB
AoGAXeb6irZbEeOsIqGBh+ra/CxJdlN9vX8VHDz1GWMHdebgucrNbcEgiiJ3jlPo
SMJDXKyuuCIMT2YNanhXewCfjjGaV5HVZiCdyuIEPhUJoq4uw5nYVxaqHLaL3O6u
+e/lh8Pktu4t8VxExAbaQb17jcfm/mYjQFZ3fftkjF/dZOECQQDybPRuWNm+/tWq
kbQX3/Vl6OYPVZM6GiXMhg+m9/YfgIl6sYJffYm0KTEsF2MW7BMNMOX7y6LlcPcn
8XuvdFQ9AkEA5GJHhIkFou9MXazH21d9mijb6KOLwh4k9Pk1NOvOwhcfLyDSnDb2
dpWdoMrAz7GAcic2P4A/d+ncsGVRv4TveQJAHpGuoNuDWZo4xzFoTDppb1hW6kgY
MJNrgMbG4n8SAhbrPxVzIydpXdZz5ONuE03heSBZX87l05jTEa5Zsl4w4QJAadyM
XgjNjgryEPHH6goR9GVAGgPFAoPKiasCWLd9LUZedA/4z+RCNhF/8UpKOXuDmGZI
pQKjaMgEPdeZHvdVsQJBAMDHcKo79iK6vM5AZU1tljf5k+9iUQY/Wv/MHwbYDY/V
diMWwtjet+FjUG2TfGb88RJAMz4/ItN7DYmIlEcvxnw=
-----END RSA PRIVATE KEY-----
"""
"""Made for this test."""
PUBLIC = (
    b"v=DKIM1; k=rsa; p="
    b"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDYRhshkxo6O6qENjKFItWN02jFig3q7+2tOzgUTDD8d6SsAw1Ga/"
    b"+iLINAHUfYJlOtaTp+oDwJ6uaydKHcrhcnaRvqDcFLmoAgUjTuPLd/BKcVE4eFBDOk5joI9ID23ZM6vKo5J9Ui6yGO"
    b"zbtJ+zrCWyzyby+e+iWm/JdlexTD1QIDAQAB"
)


def test_signatures_stay_valid(made: Made) -> None:
    plain = MAIL.replace(b"x-spam-status :", b"X-Spam-Status:")  # dkimpy reads no space there
    signed = dkim.sign(
        plain, b"sel", b"example.com", PRIVATE, include_headers=[b"from", b"to", b"subject", b"date"]
    )
    mail = signed + plain

    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert name.startswith(b"sel._domainkey.example.com")
        return PUBLIC

    assert dkim.verify(mail, dnsfunc=dns)
    assert dkim.verify(marked(mail, made(9.0, intents={"invoice": 1.0}), Policy()), dnsfunc=dns)
    assert dkim.verify(not_judged(mail, "busy"), dnsfunc=dns)
    assert not dkim.verify(marked(mail, made(9.0), Policy(subject_tag="[x]")), dnsfunc=dns)
