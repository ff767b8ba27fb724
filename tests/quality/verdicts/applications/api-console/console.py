"""Lets staff try the stock service: method and item are theirs."""
import bottle
import urllib3

METHODS = ("GET", "HEAD", "DELETE")
pool = urllib3.HTTPConnectionPool("stock.internal", maxsize=2)


@bottle.post("/call")
def call():
    method = bottle.request.forms.method.upper()
    if method not in METHODS:
        bottle.abort(405)
    reply = pool.request(method, "/items/%d" % int(bottle.request.forms.item), redirect=False)
    return {"status": reply.status}


bottle.run(host="0.0.0.0", port=80)
