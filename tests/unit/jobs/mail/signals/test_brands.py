"""The table of brands, what is theirs, and where a text names one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.signals.brands import brands, claims, owners


def named(text: str) -> dict[str, bool]:
    return {claim.brand.key: claim.alone for claim in claims(text)}


def test_the_table_is_whole() -> None:
    table = brands()
    assert len(table) >= 150
    assert len({brand.key for brand in table}) == len(table)
    for brand in table:
        assert brand.names, brand.key
        assert brand.domains or brand.stems, brand.key
        for domain in brand.domains | {f"{stem}.com" for stem in brand.stems}:
            assert re.fullmatch(r"(?:[a-z0-9-]+\.)*[a-z0-9-]+", domain), domain


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("www.paypal.com", "paypal"),
        ("paypal.de", "paypal"),
        ("amazon.co.uk", "amazon"),
        ("email.microsoftonline.com", "microsoft"),
        ("impots.gouv.fr", "impots"),
        ("www.hmrc.gov.uk", "hmrc"),
        ("mail.instagram.com", "instagram"),
        ("facebookmail.com", "instagram"),
    ],
)
def test_owners(host: str, key: str) -> None:
    assert key in owners(host)


@pytest.mark.parametrize(
    "host",
    ["paypal.tk", "paypal.com.evil.net", "notpaypal.com", "paypal-secure.com", "applebees.com", "", "com"],
)
def test_strangers(host: str) -> None:
    assert not owners(host)


@pytest.mark.parametrize(
    ("text", "key", "alone"),
    [
        ("PayPal", "paypal", True),
        ("Pay Pal Security Team", "paypal", True),
        ("service@PAYPAL", "paypal", True),
        ("P a y P a l Support", "paypal", True),
        ("Ihr DHL Paket 4711", "dhl", True),
        ("Netflix fans of Ohio", "netflix", False),
        ("Apple Support", "apple", True),
        ("Chase Bank Alert", "jpmorgan", True),
        ("Banco Santander", "santander", True),
        ("Crédit Agricole", "creditagricole", True),
        ("ᴅʜʟ Express", "dhl", True),
        ("𝐌𝐢𝐜𝐫𝐨𝐬𝐨𝐟𝐭", "microsoft", True),
    ],
)
def test_a_brand_is_named(text: str, key: str, alone: bool) -> None:
    assert named(text)[key] is alone


@pytest.mark.parametrize(
    "text",
    [
        "Chase Miller", "Maria Santander", "apple pie on Sunday", "Orange County News", "a target group",
        "zoom lens", "The sky is the limit", "wise words", "ups and downs of life", "Delta of the Nile",
        "Visa for the conference trip", "Ana Correos", "",
    ],
)  # fmt: skip
def test_ordinary_words_name_no_brand(text: str) -> None:
    assert named(text) == {}


@pytest.mark.parametrize("text", ["PаyPal", "Amaz0n", "Micr0soft Team", "Νetflix", "Bіnance"])
def test_look_alike_characters(text: str) -> None:
    assert [claim.misspelt for claim in claims(text)] == [True]


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    claims(text)
    owners(text)
