from PIL import Image, ImageDraw, ImageFont

FONT = ImageFont.truetype("/usr/share/fonts/dejavu/DejaVuSans.ttf", 20)


def badge(name):
    image = Image.new("RGB", (400, 120), "white")
    draw = ImageDraw.Draw(image)
    width = draw.textlength(name, font=FONT)
    draw.text(((400 - width) / 2, 40), name, font=FONT, fill="black")
    return image
