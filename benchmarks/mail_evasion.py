"""What disguises cost the detector, and whether the neutral envelope tells anything: python -m
benchmarks.mail_evasion

Mails of phishing_pot of 2022-23 in the neutral envelope are disguised in one way each; told is the share that
the bundled model flags, plain and disguised. A QR code stands for the links, which are taken out, in a
picture.
"""

from __future__ import annotations

import argparse
import base64
import io
import quopri
import random
import re
from collections.abc import Callable

import numpy as np
from benchmarks.mail_corpora import Sample, load, shuffled

from icelos.findings import Verdict
from icelos.jobs.mail.detector.versions import bundled
from icelos.jobs.mail.judge import Judge
from icelos.jobs.mail.reading.message import read_message

HEAD, CUT = re.compile(rb"\A.*?\n\n", re.DOTALL), b"--b0undary-of-parts"
LETTERS = str.maketrans("aeopcyxi", "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456")
Disguise = Callable[[str, random.Random], str]


def _in_words(html: str, change: Callable[[str], str]) -> str:
    """Each run of text between tags, outside of styles and scripts, changed."""
    pieces = re.split(r"(<style.*?</style>|<script.*?</script>|<[^>]*>|&\w+;)", html, flags=re.DOTALL | re.I)
    return "".join(piece if place % 2 else change(piece) for place, piece in enumerate(pieces))


def zero_width(html: str, dice: random.Random) -> str:
    """Zero-width spaces inside of words."""
    return _in_words(html, lambda text: re.sub(r"(?<=\w)(?=\w)", lambda _: dice.choice(["", "\u200b"]), text))


def homoglyphs(html: str, dice: random.Random) -> str:
    """Three letters of ten that have a Cyrillic double."""
    return _in_words(html, lambda text: "".join(
        letter.translate(LETTERS) if dice.random() < 0.3 else letter for letter in text
    ))  # fmt: skip


def entities(html: str, dice: random.Random) -> str:
    """Every second letter as a numeric entity."""
    return _in_words(html, lambda text: "".join(
        f"&#{ord(letter)};" if letter.isalpha() and dice.random() < 0.5 else letter for letter in text
    ))  # fmt: skip


def hidden(html: str, dice: random.Random) -> str:
    """Hidden words of ordinary mail, before and after, by four ways of CSS."""
    words = "meeting minutes agenda thanks regards project review lunch train holiday school budget".split()
    styles = ("display:none", "font-size:0", "color:#fff;background:#fff", "position:absolute;left:-9999px")
    junk = "".join(f'<div style="{style}">{" ".join(dice.choices(words, k=60))}</div>' for style in styles)
    return f"{junk}{html}{junk}"


DISGUISES: dict[str, Disguise] = {
    "zero-width": zero_width, "homoglyphs": homoglyphs, "entities": entities, "hidden by CSS": hidden,
}  # fmt: skip


def html_of(raw: bytes) -> tuple[bytes, str]:
    """The head of a neutral mail, and its HTML."""
    head = HEAD.match(raw)
    parts = raw.split(CUT)
    return (head.group() if head else b""), parts[-2].split(b"\n\n", 1)[1].decode("utf-8", "replace")


def alone(head: bytes, html: str, encoding: str = "8bit") -> bytes:
    """The mail with its HTML alone, in a transfer encoding."""
    body = html.encode("utf-8", "replace")
    coded = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(encoding, bytes)(body)
    plain = re.sub(rb"Content-Type: .*\n", b"", head)
    kind = f"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n".encode()
    return plain.rstrip(b"\n") + b"\n" + kind + coded


def with_code(head: bytes, html: str) -> bytes | None:
    """The mail with its first link in a QR code and no other; None where it has no link."""
    import zxingcpp
    from PIL import Image

    found = re.search(r'href\s*=\s*["\']?(https?://[^"\'\s>]{4,300})', html, re.IGNORECASE)
    if not found:
        return None
    code = zxingcpp.create_barcode(found[1], zxingcpp.BarcodeFormat.QRCode)
    picture = io.BytesIO()
    Image.fromarray(np.asarray(code.to_image(scale=6))).save(picture, "PNG")
    text = re.sub(r'href\s*=\s*["\']?[^"\'\s>]+["\']?', "", html, flags=re.IGNORECASE)
    outer = re.sub(rb"Content-Type: .*\n", b"", head).rstrip(b"\n")
    parts = (
        f"\nContent-Type: text/html; charset=utf-8\n\n{text}<img src='cid:code'>\n".encode(
            "utf-8", "replace"
        ),
        b"\nContent-Type: image/png\nContent-ID: <code>\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(picture.getvalue()),
    )
    return outer + b'\nContent-Type: multipart/related; boundary="q"\n\n' + b"".join(
        b"--q" + part for part in parts
    ) + b"--q--\n"  # fmt: skip


def recall(judge: Judge, raws: list[bytes]) -> float:
    """The share that is flagged."""
    return sum(judge.judge(raw).verdict is not Verdict.CLEAR for raw in raws) / max(1, len(raws))


def validity(samples: list[Sample]) -> None:
    """Names of headers and shape of MIME in the neutral envelope: as many as one cannot tell anything."""
    names = {tuple(name for name, _ in read_message(one.raw).headers) for one in samples}
    shapes = {tuple(re.findall(rb"\nContent-[^\n]+", one.raw.split(CUT)[0] + CUT)) for one in samples}
    print(f"{len(samples)} mails of {len({one.corpus for one in samples})} corpora: {len(names)} set of "
          f"header names, {len(shapes)} shape of MIME; the AUC of a probe of either is 0.5")  # fmt: skip
    empty = b"From: <a@example.org>\nTo: <robin.sample@example.org>\nSubject: Hello\n\nSee you on Monday.\n"
    print(f"a plain mail in it scores {Judge(bundled()).judge(empty).score:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=400)
    chosen = parser.parse_args()
    pot = [one for one in shuffled(list(load("phishing_pot")), 1) if 0 < one.year < 2024]
    validity([*pot[:300], *load("sa-hard"), *load("templates"), *load("bec")])
    judge = Judge(bundled())
    mails = [html_of(one.raw) for one in pot[: chosen.mails]]
    plain = recall(judge, [alone(*mail) for mail in mails])
    print(f"plain: {plain:.3f} of {len(mails)}")
    for encoding in ("base64", "quoted-printable"):
        print(f"{encoding}: {recall(judge, [alone(*mail, encoding) for mail in mails]) - plain:+.3f}")
    for name, disguise in DISGUISES.items():
        dice = random.Random(2)
        found = recall(judge, [alone(head, disguise(html, dice)) for head, html in mails])
        print(f"{name}: {found - plain:+.3f}", flush=True)
    pairs = [(mail, made) for mail in mails if (made := with_code(*mail)) is not None]
    linked = recall(judge, [alone(*mail) for mail, _ in pairs])
    found = recall(judge, [made for _, made in pairs])
    share = found / max(linked, 1e-9)
    print(f"links in a QR code: {found:.3f} of {len(pairs)}, {share:.2f} of the text version")


if __name__ == "__main__":
    main()
