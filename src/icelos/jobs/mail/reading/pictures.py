"""QR codes in images, within bounds. Runs in the process of `aside`; needs the extra "qr"."""

from __future__ import annotations

import io
from typing import Any

from icelos.errors import MissingExtra

MAX_PIXELS = 16_000_000
MAX_SIDE = 2000
"""Pixels of a side to which larger images are brought; a code has far fewer modules."""
MAX_CODES = 10
MAX_CODE = 4000


def codes_in(data: bytes) -> list[str]:
    """The text of each QR code in an image file, of a GIF in its first frame.

    Raises MissingExtra, or what the image library raises.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtra("Pillow", extra="qr") from error
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            image.draft("L", (MAX_SIDE, MAX_SIDE))  # JPEG can be decoded smaller; others stay as they are
        if image.size[0] * image.size[1] > MAX_PIXELS:
            return []
        return codes_of(image)


def codes_of(image: Any) -> list[str]:
    """The text of each QR code in a picture, on white where it is transparent."""
    try:
        import zxingcpp
    except ImportError as error:
        raise MissingExtra("zxing-cpp", extra="qr") from error
    image = _grey(image)
    width, height = image.size
    wanted = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    codes = zxingcpp.read_barcodes(image, formats=wanted)
    if not codes and min(width, height) < 120:  # a module of one pixel
        codes = zxingcpp.read_barcodes(image.resize((3 * width, 3 * height)), formats=wanted)
    return [code.text[:MAX_CODE] for code in codes[:MAX_CODES] if code.text]


def _grey(image: Any) -> Any:
    from PIL import Image

    image.thumbnail((MAX_SIDE, MAX_SIDE))
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        ground = Image.new("RGBA", clear.size, "white")
        ground.alpha_composite(clear)
        image = ground
    return image.convert("L")
