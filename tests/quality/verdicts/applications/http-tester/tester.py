"""Lets users try their own service: method and path are theirs, the host is the sandbox."""
import bottle
from urllib3 import HTTPConnectionPool

pool = HTTPConnectionPool("sandbox.internal", 8080, maxsize=4)


@bottle.post("/try")
def attempt():
    form = bottle.request.forms
    reply = pool.urlopen(form.get("method"), "/users/" + str(int(form.get("user"))), redirect=False)
    return {"status": reply.status, "body": reply.data.decode("latin-1")}


bottle.run(host="0.0.0.0", port=80)
