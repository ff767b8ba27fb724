"""Partners post orders as XML."""
import bottle
import untangle


@bottle.post("/orders")
def orders():
    document = untangle.parse(bottle.request.body.read().decode())
    return {"order": document.order["number"], "lines": len(document.order.line)}


bottle.run(host="0.0.0.0", port=8000)
