import base64

import bottle

from vault.crypto import Vault

with open("/etc/vault/key.pem", "rb") as source:
    vault = Vault(source.read())


@bottle.put("/files/<name:re:[a-z0-9]+>")
def put(name):
    key = vault.open_key(base64.b64decode(bottle.request.get_header("X-Sealed-Key")))
    with open("/srv/vault/" + name, "wb") as sink:
        sink.write(vault.seal(key, bottle.request.body.read()))


bottle.run(host="0.0.0.0", port=8443)
