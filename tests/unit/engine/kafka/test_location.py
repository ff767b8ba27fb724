from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.engine.kafka.location import CONSUMER, Location, Login, login_of, parse, security
from icelos.errors import InputError


def test_a_location_is_servers_topic_and_parameters() -> None:
    found = parse("kafka://a:9092,[::1]:9093/signins?group=soc&dead_letter=failed&fetch.min.bytes=1")
    assert (found.servers, found.topic) == ("a:9092,[::1]:9093", "signins")
    assert found.get("group") == "soc"
    assert found.properties(CONSUMER) == {"fetch.min.bytes": "1"}
    assert str(found) == "kafka://a:9092,[::1]:9093/signins"


@pytest.mark.parametrize(
    "location",
    [
        "kafka://a:9092", "kafka://a/topic", "kafka:///topic", "kafka://a:9092/", "kafka://a:9092/..",
        "kafka://a:9092/a/b", "kafka://a:9092/t?x", "kafka://a:9092/t?group=a&group=b", "http://a:9092/t",
        "kafka://a:9092/t?sasl.password=x", "kafka://a:9092/t?group=", "kafka://a:9092/t?tls=yes",
        "kafka://a:9092/t?plugin.library.paths=x", "kafka://a:9092/t?ssl.key.pem=x", "kafka://a:9092/t?group=../x",
        "kafka://a:9092/t?client.id=a%00b",
    ],
)  # fmt: skip
def test_what_is_no_location_is_refused(location: str) -> None:
    with pytest.raises(InputError):
        parse(location)


def test_a_password_is_neither_taken_nor_repeated() -> None:
    for location in ("kafka://me:hunter2@a:9092/t", "kafka://a:9092/t?sasl.password=hunter2"):
        with pytest.raises(InputError) as caught:
            parse(location)
        assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Login("me", "hunter2", "hunter2"))


@given(st.text())
def test_any_text_is_a_location_or_refused(text: str) -> None:
    try:
        found = parse(f"kafka://{text}")
    except InputError:
        return
    assert isinstance(found, Location)


def test_security_by_settings_alone(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.touch()
    login = Login("me", "hunter2", "")
    plain = security(parse("kafka://a:1/t"), login)
    assert plain == {"security.protocol": "PLAINTEXT"}
    both = security(parse(f"kafka://a:1/t?tls=true&sasl=SCRAM-SHA-512&ca={ca}"), login)
    assert both == {
        "security.protocol": "SASL_SSL", "ssl.ca.location": str(ca), "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "me", "sasl.password": "hunter2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "login", "reason"),
    [
        ("sasl=SCRAM-SHA-256", Login(), "without user"),
        ("sasl=PLAIN", Login("me", "x"), "as it is"),
        ("ca=/nothing", Login(), "without tls"),
        ("tls=true&ca=/nothing", Login(), "no such file"),
    ],
)
def test_security_that_does_not_go_together(query: str, login: Login, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        security(parse(f"kafka://a:1/t?{query}"), login)


def test_login_of_settings_with_and_without_the_section() -> None:
    class Section:
        kafka = Login("me", "x", "y")

    assert login_of(object()) == Login()
    assert login_of(Section()) == Login("me", "x", "y")
