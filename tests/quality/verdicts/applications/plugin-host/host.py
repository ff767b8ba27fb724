"""Loads a plug-in manifest that a user uploads; which loader is decided by the operator."""
import os

import bottle
import yaml

LOADER = getattr(yaml, os.environ["MANIFEST_LOADER"])


@bottle.post("/manifest")
def manifest():
    document = yaml.load(bottle.request.body.read(100000), Loader=LOADER)
    return {"plugin": str(document.get("name"))}


bottle.run(host="0.0.0.0", port=int(os.environ.get("PORT", "9000")))
