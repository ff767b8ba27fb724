"""Ways to hide an order in a page, as hostile documents do."""

from __future__ import annotations

import base64
from collections.abc import Callable


def escaped(text: str) -> str:
    """Text as the content of an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _tags(order: str) -> str:
    return "".join(chr(0xE0000 + ord(c)) for c in order if ord(c) < 0x80)


HIDINGS: tuple[Callable[[str], str], ...] = (
    lambda order: f"<!-- {order.replace('--', '')} -->",
    lambda order: f'<div style="display:none">{escaped(order)}</div>',
    lambda order: f"<p>Thanks{_tags(order)}</p>",
    lambda order: f'<span style="font-size:0;color:#fff">{escaped(order)}</span>',
    lambda order: f'<img alt="" src="data:image/png;base64,{base64.b64encode(order.encode()).decode()}">',
    lambda order: f'<p style="position:absolute;left:-9999px">{escaped(order)}</p>',
    lambda order: f'<p style="background:#ffffff;color:white">{escaped(order)}</p>',
    lambda order: f'<p aria-hidden="true">{escaped(order)}</p>',
    lambda order: f"<details hidden><summary>x</summary>{escaped(order)}</details>",
    lambda order: (
        f'<input type="hidden" value="{escaped(order)}"><meta name="note" content="{escaped(order)}">'
    ),
)
