import secrets
from pathlib import Path

from flask import Blueprint, abort, request

blueprint = Blueprint("box", __name__)
FOLDER = Path("/var/lib/box")


@blueprint.route("/drop", methods=["POST"])
def drop():
    upload = request.files.get("file")
    if upload is None:
        abort(400)
    upload.save(str(FOLDER / secrets.token_hex(8)))
    return {"ok": True}
