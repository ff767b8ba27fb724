"""The outward form of a mail."""

from __future__ import annotations

from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.reading.shape import Shape


def shape(*headers: str, body: str) -> Shape:
    return read_message("\n".join(["From: a@b.example", *headers, "", body]).encode()).shape


def test_a_mail_of_images() -> None:
    body = """<a href='https://a.example/'><img src='https://i.example/1.png' width=600 alt="Claim now"></a>
    <img src="cid:x"><img src="data:image/png;base64,QUJD"><p style="display:none">hidden words here</p>"""
    found = shape("Content-Type: text/html", "List-Unsubscribe: <https://u.example/>", body=body)
    assert found == Shape(
        hidden_words=3, images=3, remote_images=1, embedded_images=2, linked_images=1, links=1, has_html=True,
        has_unsubscribe=True,
    )  # fmt: skip
    assert found.is_image_only


def test_a_mail_of_words() -> None:
    found = shape("List-Id: <x>", body="just a few plain words for everyone on this list to read and enjoy")
    assert (found.words, found.has_plain, found.has_html, found.is_list) == (13, True, False, True)
    assert not found.is_image_only


def test_attached_images_count() -> None:
    found = shape("Content-Type: image/gif; name=a.gif", body="GIF89a")
    assert (found.attached_images, found.attachments, found.is_image_only) == (1, 1, True)


def test_words_of_images_are_seen_where_there_are_no_others() -> None:
    html = (
        "From: a@b.example\nSubject: Hi\nContent-Type: text/html\n\n<img src=x alt='Claim your prize today'>"
    )
    assert read_message(html.encode()).seen == "Hi\nClaim your prize today"
