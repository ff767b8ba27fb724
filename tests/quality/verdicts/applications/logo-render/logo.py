import bottle
from cairosvg import svg2png


@bottle.post("/logo")
def logo():
    bottle.response.content_type = "image/png"
    return svg2png(bytestring=bottle.request.body.read(), output_width=200)


bottle.run(host="0.0.0.0")
