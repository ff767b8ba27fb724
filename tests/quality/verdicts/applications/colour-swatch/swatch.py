"""GET /RRGGBB.png or a colour's name: a plain square."""
import io
import re

import bottle
from PIL import Image, ImageColor

COLOUR = re.compile(r"#[0-9a-fA-F]{6}|[a-z]{3,20}")


@bottle.get("/swatch")
def swatch():
    text = bottle.request.query.colour
    if not COLOUR.fullmatch(text):
        bottle.abort(400, "a colour is #RRGGBB or a name")
    sink = io.BytesIO()
    Image.new("RGB", (64, 64), ImageColor.getrgb(text)).save(sink, "PNG")
    bottle.response.content_type = "image/png"
    return sink.getvalue()


bottle.run(host="0.0.0.0", port=8080)
