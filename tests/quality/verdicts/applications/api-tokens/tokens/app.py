import bottle

from tokens.check import subject


@bottle.get("/me")
def me():
    scheme, _, token = bottle.request.get_header("Authorization", "").partition(" ")
    return {"user": subject(token)}


bottle.run(host="0.0.0.0", port=8080)
