import bottle

from preview import title_of


@bottle.get("/preview")
def show():
    return {"title": title_of(bottle.request.query.url)}


bottle.run(host="0.0.0.0", port=8000)
