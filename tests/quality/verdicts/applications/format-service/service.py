"""Formats the Python that visitors paste."""
import black
import bottle

MODE = black.Mode(line_length=100)


@bottle.post("/format")
def pretty():
    bottle.response.content_type = "text/plain"
    try:
        return black.format_str(bottle.request.body.read().decode(), mode=MODE)
    except black.InvalidInput as error:
        bottle.abort(400, str(error))


bottle.run(host="0.0.0.0", port=8000)
