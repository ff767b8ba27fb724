"""What is hidden, by kind, and what security text must keep. All secrets here are made up."""

from __future__ import annotations

import hashlib
import ipaddress
import random
import string
import time
from datetime import datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from icelos.llm.redact import find
from icelos.llm.secret_shapes import entropy, luhn

B64 = string.ascii_letters + string.digits


def made(length: int, alphabet: str = B64) -> str:
    """A made-up secret, always the same; joined to its prefix only at run time."""
    return "".join(random.Random(length).choices(alphabet, k=length))


def hidden(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in find(text)]


SECRETS = [
    ("aws-key", "AKIA" + made(16, string.ascii_uppercase + "234567"), "aws id {} used"),
    ("github-token", "ghp_" + made(36), "remote: {}"),
    ("github-token", "github_pat_" + made(60), "({})"),
    ("gitlab-token", "glpat-" + made(20), "token {}."),
    ("slack-token", "xoxb-" + made(30), "slack {}\n"),
    ("slack-webhook", f"T{made(8)}/B{made(9)}/{made(24)}", "https://hooks.slack.com/services/{}"),
    ("google-key", "AIza" + made(35), "maps?key={}&x=1"),
    ("google-key", "ya29." + made(60), "oauth {}"),
    ("stripe-key", "sk_live_" + made(24), "pay with {}"),
    ("model-key", "sk-proj-" + made(40), "export {}"),
    ("registry-token", "npm_" + made(36), "//registry/:_authToken={}"),
    ("sendgrid-key", f"SG.{made(22)}.{made(43)}", "mail {}"),
    ("jwt", f"eyJ{made(30)}.eyJ{made(60)}.{made(43)}", "cookie: {};"),
    ("token", made(40), "Authorization: Bearer {}"),
    ("token", made(24), "authorization: basic {}"),
    ("password", "hunter2", "ftp://bob:{}@files.example.org/x"),
    ("password", "S3cr3t!pass", "password={}"),
    ("password", "Winter2024", '{{"userPassword": "{}"}}'),
    ("password", "tr0ub4dor", "DB_PASSWD: '{}'"),
    ("password", "abc123def", "net use /user:x pwd={}"),
    ("secret", made(40), "AWS_SECRET_ACCESS_KEY={}"),
    ("secret", made(32), '"api_key": "{}"'),
    ("secret", made(3000), '"sessionToken": "{}"'),
    ("secret", hashlib.md5(b"x").hexdigest(), "client-secret: {}"),
    ("email", "bob.o'hara+x@mail.example.co.uk", "From:{}, To: x"),
    ("email", "jürgen@bücher.example", "<{}>"),
    ("email", "eve@example.org", "mailto:{}?subject=x"),
    ("iban", "DE89 3704 0044 0532 0130 00", "pay to {} BANK"),
    ("iban", "BE68539007547034", "({})"),
    ("iban", "NO93 8601 1117 947", "IBAN: {} NOW"),
    ("card", "4111 1111 1111 1111", "card {}, exp"),
    ("card", "5500-0055-5555-5559", "card {}"),
    ("card", "378282246310005", "amex={}"),
    ("phone", "+49 30 1234567", "call {}!"),
    ("phone", "+1-202-555-0143", "call {}."),
    ("phone", "(202) 555-0143", "call {}"),
    ("phone", "030 12345678", "Tel.: {}"),
]


@pytest.mark.parametrize(("kind", "secret", "around"), SECRETS)
def test_secret_is_hidden_whole_and_alone(kind: str, secret: str, around: str) -> None:
    assert hidden(around.format(secret)) == [(kind, secret)]


@pytest.mark.parametrize("end", ["\n-----END RSA PRIVATE KEY-----", ""])
@pytest.mark.parametrize("line", ["\n", "\\n"])
def test_private_key_is_hidden_even_where_it_is_cut_off(end: str, line: str) -> None:
    key = (
        f"-----BEGIN RSA PRIVATE KEY-----{line}Proc-Type: 4,ENCRYPTED{line}{made(64)}{line}{made(64)}=={end}"
    )
    assert hidden(f"see {key}")[0] == ("private-key", key)


KEPT = [
    "10.0.0.1:8080 192.168.1.1/24 2001:db8::ff00:42:8329 fe80::1%eth0",
    "CVE-2021-44228 CWE-79 CAPEC-66 T1110.003 TA0006 S0154 G0016 M1032 GHSA-jfh8-c2jp-5v3q DSA-5123-1",
    "evil[.]example hxxp://evil.example/login?next=/a paypal.com.evil.example xn--pypal-4ve.com",
    "https://paypal.com@evil.example/login git@github.com:org/repo ssh://git@host/x",
    "00:1A:2B:3C:4D:5E S-1-5-21-3623811015-3361044348-30300820-1013 {8BFBFBA2-3E4C-4D62-9C2E-1B2C3D4E5F60}",
    "2024-05-01T10:20:30.123456+01:00 1700000000 1700000000000 1700000000000000 20240501102030 +0000",
    "10.0.19041.1234 1.2.3-rc.4+build.567 KB5034441 5.15.0-91-generic",
    "HKLM\\SOFTWARE\\Microsoft\\Windows\\Run Key=HKLM\\System PublicKeyToken=b77a5c561934e089",
    "password: required; password=$PASS password=%PWD% password: ******** passwd: unchanged PWD=/home/ubuntu",
    "the key: a token is a secret; key = value; token: string; secret: none; bypass: compass",
    "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com @FirewallAPI.dll,-80201 getty@tty1.service",
    "EventID=4624 LogonType=3 pid=12345678901234 port 4444 0x3e7 size=4294967296 4000000000000000",
    "sigma id: 5d2c62fe-3cbb-47c3-88e1-88ef73503a9f key=0123456789abcdef0123456789abcdef",
    "arn:aws:iam::123456789012:role/Admin i-0abcd1234efgh5678 ami-0ff8a91507f77f867",
    "basic authentication bearer tokens are used; Bearer authentication-scheme",
    "pam_unix(chpasswd:chauthtok): password changed",
    "pkg:pypi/django@4.2.1 django@4.2.1 @types/node@18.0.0 image@sha256:" + "ab" * 32,
]


@pytest.mark.parametrize("text", KEPT)
def test_security_text_is_left_alone(text: str) -> None:
    assert hidden(text) == []


@given(st.ip_addresses(), st.integers(1, 65535))
def test_addresses_are_left_alone(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> None:
    assert hidden(f"from {address}:{port} to [{address}] src={address}, {address}.") == []


@given(
    st.binary(min_size=1, max_size=20), st.sampled_from(["md5", "sha1", "sha256", "sha512"]), st.booleans()
)
def test_hashes_are_left_alone(data: bytes, algorithm: str, upper: bool) -> None:
    digest = hashlib.new(algorithm, data).hexdigest()
    digest = digest.upper() if upper else digest
    assert hidden(f"{algorithm}: {digest}, {digest} {algorithm.upper()}={digest} key={digest}") == []


@given(st.integers(1999, 2030), st.integers(1, 9_999_999), st.integers(1000, 1999), st.integers(1, 999))
def test_identifiers_are_left_alone(year: int, number: int, technique: int, sub: int) -> None:
    text = f"CVE-{year}-{number:04} T{technique} T{technique}.{sub:03} CWE-{sub} RHSA-{year}:{number:04}"
    assert hidden(text) == []


@given(st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True), min_size=2, max_size=4))
def test_domain_names_are_left_alone(labels: list[str]) -> None:
    name = ".".join(labels)
    assert hidden(f"{name} https://{name}/path?q=1 {name}:443 *.{name} DNS:{name}") == []


@given(
    # Logs of the year 449, or 3000, could hold a card number: 4490101000007.
    st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from(["%Y-%m-%dT%H:%M:%S.%f", "%d/%b/%Y:%H:%M:%S +0000", "%Y%m%d%H%M%S", "%c"]),
)
def test_times_are_left_alone(time: object, form: str) -> None:
    assert hidden(f"[{format(time, form)}] {format(time, form)}Z") == []


@given(
    st.from_regex(r"[A-Za-z0-9]{30}[A-Za-z][0-9]", fullmatch=True), st.sampled_from(["api_key", "auth-token"])
)
@example("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1", "api_key")
def test_assigned_keys_are_hidden_unless_they_are_no_secret(value: str, name: str) -> None:
    assert hidden(f"{name}={value}") == ([("secret", value)] if entropy(value) >= 3 else [])


@pytest.mark.parametrize(
    "number", ["4111111111111112", "1234567812345670", "0000000000000000", "41111111111111111"]
)
def test_numbers_that_are_no_cards_are_left_alone(number: str) -> None:
    assert hidden(f"card {number}") == []


@given(st.from_regex(r"[0-9]{5,18}", fullmatch=True))
def test_luhn_finds_one_changed_digit(digits: str) -> None:
    check = next(d for d in "0123456789" if luhn(digits + d))
    changed = str((int(digits[0]) + 1) % 10) + digits[1:]
    assert not luhn(changed + check)


PIECES = [
    "a",
    "a@",
    "a.",
    "1 ",
    "1-",
    "+1 ",
    "key=",
    "password=",
    "secret",
    "api_",
    "bearer ",
    "eyJ",
    "a:",
    "://a:",
]
PIECES += [
    "-----BEGIN PRIVATE KEY-----",
    "AB12",
    "AB12 ",
    "sk-",
    "DE89 ",
    "x@y.",
    "-",
    "_",
    "'",
    "tel: 0",
    "\\n",
]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(PIECES), st.sampled_from(PIECES), st.integers(1, 40))
def test_hostile_text_takes_linear_time(piece: str, other: str, every: int) -> None:
    unit = piece * every + other
    text = unit * (60_000 // len(unit))
    started = time.perf_counter()
    find(text)
    assert time.perf_counter() - started < 5
