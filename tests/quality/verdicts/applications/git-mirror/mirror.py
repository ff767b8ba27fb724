"""Mirrors the repositories that members register."""
import bottle
from dulwich import porcelain


@bottle.post("/mirror/<name:re:[a-z]+>")
def mirror(name):
    porcelain.clone(bottle.request.forms.source, "/srv/git/" + name, bare=True)
    return "ok"


@bottle.get("/mirror/<name:re:[a-z]+>")
def head(name):
    return porcelain.open_repo("/srv/git/" + name).head()


bottle.run(port=8080)
