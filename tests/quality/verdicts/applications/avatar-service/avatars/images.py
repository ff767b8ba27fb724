from io import BytesIO

from PIL import Image, ImageColor, ImageDraw

SIZE = (128, 128)


def open_image(content):
    return Image.open(BytesIO(content))


def thumbnail(content):
    picture = open_image(content)
    picture.thumbnail(SIZE)
    out = BytesIO()
    picture.convert("RGB").save(out, "PNG")
    return out.getvalue()


def framed(content, colour):
    picture = open_image(content).convert("RGB").resize(SIZE)
    ImageDraw.Draw(picture).rectangle((0, 0, 127, 127), outline=colour)
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
