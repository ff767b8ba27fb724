import bottle
import ujson

ROWS = [{"id": 1, "name": "lamp"}, {"id": 2, "name": "table"}]


@bottle.get("/export")
def export():
    bottle.response.content_type = "application/json"
    return ujson.dumps(ROWS, indent=int(bottle.request.query.indent or 0))


bottle.run(host="0.0.0.0", port=8080)
