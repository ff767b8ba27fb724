"""An internal API: tokens are signed with our own EdDSA key."""
import json
import os
from wsgiref.simple_server import make_server

import jwt as tokens

KEY = os.environ["ISSUER_PUBLIC_KEY"]


def application(environ, start_response):
    token = environ.get("HTTP_AUTHORIZATION", "")[7:]
    try:
        claims = tokens.decode(token, KEY, algorithms=["EdDSA"], audience="session-api")
    except tokens.InvalidTokenError:
        start_response("401 Unauthorized", [])
        return []
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"user": claims["sub"]}).encode()]


make_server("", 8000, application).serve_forever()
