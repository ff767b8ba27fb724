"""Students send a picture and an expression over two bands, and get the result."""
import io

import bottle
from PIL import Image, ImageMath


@bottle.post("/evaluate")
def evaluate():
    upload = bottle.request.files.get("picture")
    image = Image.open(upload.file, formats=("PNG", "JPEG"))
    red, green, *_ = image.split()
    result = ImageMath.eval(bottle.request.forms.get("expression"), a=red, b=green)
    return _png(result)


@bottle.post("/convert/<mode>")
def convert(mode):
    image = Image.open(bottle.request.files.get("picture").file, formats=("PNG", "JPEG"))
    return _png(image.convert(mode))


def _png(image):
    sink = io.BytesIO()
    image.save(sink, "PNG")
    bottle.response.content_type = "image/png"
    return sink.getvalue()


bottle.run(port=8080, host="0.0.0.0")
