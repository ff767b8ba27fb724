"""The outward form of a mail: how much of it is text, images and links. Facts, no judgement."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from icelos.jobs.mail.reading.markup import Image, Link

FEW_WORDS = 10
_WORD = re.compile(r"\w{2,}")
_LOOKED_AT = 262_144


class Shape(msgspec.Struct, frozen=True):
    """Counts of a mail.

    `words` are shown, `hidden_words` are not. `images` are shown in the text: `remote_images` are fetched
    from elsewhere, `embedded_images` come with it, `linked_images` lead somewhere. `attached_images` are
    parts of the mail. `links` counts those of the body, `other_links` those of attachments and codes.
    """

    words: int = 0
    hidden_words: int = 0
    images: int = 0
    remote_images: int = 0
    embedded_images: int = 0
    linked_images: int = 0
    attached_images: int = 0
    attachments: int = 0
    links: int = 0
    other_links: int = 0
    has_html: bool = False
    has_plain: bool = False
    has_unsubscribe: bool = False
    is_list: bool = False

    @property
    def is_image_only(self) -> bool:
        """Whether images say it all."""
        return self.words < FEW_WORDS and bool(self.images or self.attached_images)


def shape_of(
    *,
    names: set[str],
    shown: str,
    hidden: str,
    html: str,
    plain: str,
    images: Sequence[Image],
    links: Sequence[Link],
    attached: Sequence[str],
) -> Shape:
    """The shape of a mail; `names` are those of its headers, `attached` the types of its attachments."""
    sources = [image.source[:5].lower() for image in images]
    body_links = sum(link.origin == "body" for link in links)
    return Shape(
        words=len(_WORD.findall(shown[:_LOOKED_AT])),
        hidden_words=len(_WORD.findall(hidden[:_LOOKED_AT])),
        images=len(images),
        remote_images=sum(source.startswith(("http", "//")) for source in sources),
        embedded_images=sum(source.startswith(("cid:", "data:")) for source in sources),
        linked_images=sum(image.linked for image in images),
        attached_images=sum(kind.startswith("image/") for kind in attached),
        attachments=len(attached),
        links=body_links,
        other_links=len(links) - body_links,
        has_html=bool(html.strip()) or bool(images),
        has_plain=bool(plain.strip()),
        has_unsubscribe="list-unsubscribe" in names,
        is_list="list-id" in names or "list-post" in names,
    )
