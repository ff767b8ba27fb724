"""What secrets and personal data look like: rules of shape, each with a check where a shape is not enough.

Shapes of keys are those that their issuers document (AWS IAM, GitHub, GitLab, Slack, Google Cloud, Stripe,
OpenAI, Anthropic, Hugging Face, npm, PyPI, SendGrid); JWT is RFC 7519, PEM RFC 7468, bearer RFC 6750, user
information in URLs RFC 3986, IBAN ISO 13616, card numbers ISO/IEC 7812, phone numbers ITU-T E.164.

Written to leave alone what security text is made of: addresses of hosts, hashes, domain names, CVE, CWE and
technique identifiers, versions, dates, GUIDs, SIDs, registry paths, MAC addresses.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

Check = Callable[["re.Match[str]"], bool]


class Rule(NamedTuple):
    """One kind of thing to hide: the group "x" of the pattern where it has one, else the whole match."""

    kind: str
    pattern: re.Pattern[str]
    holds: Check = bool


def luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _card(match: re.Match[str]) -> bool:
    """Lengths and prefixes of Visa, Mastercard, American Express, Discover, JCB and Diners; the digit."""
    digits = re.sub(r"\D", "", match[0])
    issued = re.fullmatch(
        r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
        r"|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}",
        digits,
    )
    return issued is not None and len(set(digits)) > 1 and luhn(digits)


# Length -> countries, from the IBAN registry of SWIFT (release 99).
_IBAN = {
    15: "NO", 16: "BE", 18: "DK FO FI GL NL SD FK", 19: "MK SI", 20: "AT BA EE KZ LT LU XK MN",
    21: "CR CH HR LI LV", 22: "BG BH DE GB GE IE ME RS VA", 23: "AE IL IQ TL OM SO",
    24: "AD CZ ES MD PK RO SA SE SK TN VG DJ LY", 25: "PT ST", 26: "IS TR",
    27: "FR GR IT MC MR SM BI", 28: "AL AZ CY DO GT HU LB PL SV BY NI", 29: "BR EG PS QA UA",
    30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip


def _iban_pattern() -> str:
    """Each country's own length, spaces allowed, so that a following word is never taken in."""
    return "|".join(
        rf"(?:{'|'.join(countries.split())})\d\d(?: ?[A-Z0-9]){{{length - 4}}}"
        for length, countries in _IBAN.items()
    )


def _iban(match: re.Match[str]) -> bool:
    """The remainder 1 modulo 97."""
    text = match[0].replace(" ", "")
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def _phone(match: re.Match[str]) -> bool:
    """E.164: at most 15 digits; fewer than 8 are an offset of time or a count."""
    return 8 <= len(re.sub(r"\D", "", match[0])) <= 15


_NO_MAILBOX = re.compile(
    # What stands behind "@" in resource strings of Windows, in unit names of systemd, in scaled images ...
    r".*\.(?:dll|exe|sys|mui|ocx|cpl|inf|service|socket|target|timer|mount|slice|path|png|jpe?g|gif|svg|webp|tgz|whl)"
    # ... and algorithm names of SSH (RFC 4251, section 6).
    r"|.*@(?:openssh\.com|libssh\.org)|rijndael-cbc@lysator\.liu\.se",
    re.I,
)


def _mailbox(match: re.Match[str]) -> bool:
    """Not one of the other things that are written with "@" and a full stop."""
    return _NO_MAILBOX.fullmatch(match[0]) is None


def entropy(text: str) -> float:
    """Shannon entropy of the characters, in bits a character."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)


_HASH = re.compile(
    r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})", re.I
)
_GUID = re.compile(r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.I)
_FOLDER = re.compile(r"[.~]{0,2}/|[A-Za-z]:[\\/]")
_REFERENCE = re.compile(r"\$|%|<|\*{3}|x{4,}|\.\.\.|\[?redacted", re.I)


def _password(match: re.Match[str]) -> bool:
    """No word, variable, mask or folder: "password: required", "password=$PASS" and "PWD=/home" stay."""
    value = match["x"]
    if _REFERENCE.match(value) or _FOLDER.match(value) or len(set(value)) < 4 or "(" in value:
        return False
    kinds = [any(map(test, value)) for test in (str.islower, str.isupper, str.isdigit)]
    kinds.append(not value.isalnum())
    return sum(kinds) >= 2 and not re.fullmatch(r"[A-Z]?[a-z]+[.,;:?)\]}]*|[a-z_.]+|[A-Z_]+", value)


_QUALIFIED = re.compile(
    r"(?<![A-Za-z])(?:(?:api|app|access|account|auth|bearer|client|consumer|encryption|id|master|private|"
    r"refresh|secret|security|service|session|shared|signing|storage|subscription|webhook)[_-]?){1,4}\Z",
    re.I,
)
# "type_key" and "arn:...:secret:" hold none; "github_token" does.
_PART_OF_A_NAME = {
    "key": re.compile(r"[\w:-]\Z"),
    "token": re.compile(r"[A-Za-z:]\Z"),
    "secret": re.compile(r"[A-Za-z:]\Z"),
}


def _key(match: re.Match[str]) -> bool:
    """Random to look at: mixed, at least 3 bits a character; a bare `key=` may well hold a hash or a GUID."""
    value = match["x"]
    before = match.string[max(0, match.start() - 40) : match.start()]
    if not _QUALIFIED.search(before):
        if _PART_OF_A_NAME[match["name"].lower()].search(before):
            return False
        if _HASH.fullmatch(value) or _GUID.fullmatch(value):
            return False
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return mixed and entropy(value) >= 3.0 and not _REFERENCE.match(value)


_SEPARATOR = r"[\"']?\s{0,3}(?:=>|:=|[:=])\s{0,3}(?:b?[\"'])?"

RULES = (
    Rule(
        "private-key",
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:[A-Za-z0-9+/=,:\s\\.]|-(?!-)){0,16000}"
            r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"
        ),
    ),
    Rule("jwt", re.compile(r"\beyJ[\w-]{8,4096}\.[\w-]{2,8192}\.[\w-]{0,4096}")),
    Rule("aws-key", re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b")),
    Rule("github-token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})\b")),
    Rule("gitlab-token", re.compile(r"\bgl(?:pat|dt|rt|ptt|soat)-[\w-]{20,100}")),
    Rule("slack-token", re.compile(r"\bxox[abeoprs]-[\w-]{10,250}|\bxapp-\d-[\w-]{10,250}")),
    Rule("slack-webhook", re.compile(r"(?<=hooks\.slack\.com/services/)T\w{6,12}/B\w{6,12}/\w{16,32}")),
    Rule("google-key", re.compile(r"\bAIza[\w-]{35}(?![\w-])|\bGOCSPX-[\w-]{28}|\bya29\.[\w-]{20,500}")),
    Rule("stripe-key", re.compile(r"\b(?:sk|rk|whsec)_(?:(?:live|test)_)?[A-Za-z0-9]{16,200}\b")),
    Rule(
        "model-key",
        re.compile(r"\bsk-(?:ant-|proj-|svcacct-)?(?=[\w-]{0,64}\d)[\w-]{20,250}|\bhf_[A-Za-z]{34}\b"),
    ),
    Rule("registry-token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgE[\w-]{50,500}")),
    Rule("sendgrid-key", re.compile(r"\bSG\.[\w-]{22}\.[\w-]{43}(?![\w-])")),
    Rule(
        "token",
        re.compile(r"\b(?:bearer|basic)\s{1,3}(?P<x>(?=[^\s\"',;]{0,200}\d)[\w.~+/-]{16,4096}={0,2})", re.I),
    ),
    Rule("password", re.compile(r"(?<=://)[^\s:/@\"'<>]{0,64}:(?P<x>[^\s/@\"'<>]{1,128})(?=@[\w\[])")),
    Rule(
        "password",
        re.compile(
            rf"(?:password|passwd|passphrase|passwort|(?<![A-Za-z])(?:pwd|pass))"
            rf"{_SEPARATOR}(?P<x>[^\s\"',;&<>]{{6,128}})",
            re.I,
        ),
        _password,
    ),
    Rule(
        "secret",
        re.compile(
            rf"(?P<name>key|token|secret){_SEPARATOR}(?P<x>[\w+/.~-]{{16,8192}}={{0,2}})",
            re.I,
        ),
        _key,
    ),
    Rule(
        "email",
        re.compile(
            r"(?<!//)(?<![\w.%+@-])(?!git@)[\w%+'-][\w.%+'-]{0,63}@"
            r"(?=[^\s@]{4,253})(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w@-])"
        ),
        _mailbox,
    ),
    Rule("iban", re.compile(rf"\b(?=[A-Z][A-Z]\d\d)(?:{_iban_pattern()})\b"), _iban),
    Rule("card", re.compile(r"(?<![\w.+:/-])\d{4}(?:[ -]?\d{2,7}){2,4}(?![\w-]|\.\d)"), _card),
    Rule(
        "phone",
        re.compile(r"(?<![\w.+:/=-])\+[1-9]\d{0,2}(?:[ .-]?\(?\d{1,5}\)?){2,6}(?![\w-]|\.\d)"),
        _phone,
    ),
    Rule(
        "phone",
        re.compile(
            r"(?<![\w.+:/=-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d-)[2-9]\d\d-\d{4}(?![\w-]|\.\d)"
            r"|(?<![A-Za-z])(?:tel|phone|mobile|fax|telefon|tél)\.?:?\s{1,3}"
            r"(?P<x>\(?0\d{1,4}\)?(?:[ ./-]?\d{2,5}){2,4})(?![\w-]|\.\d)",
            re.I,
        ),
        _phone,
    ),
)
