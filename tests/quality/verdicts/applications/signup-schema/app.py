import json
from wsgiref.simple_server import make_server

import colander

from schema import Homepage


def application(environ, start_response):
    body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    try:
        Homepage().deserialize(body)
    except colander.Invalid as error:
        start_response("400 Bad Request", [])
        return [json.dumps(error.asdict()).encode()]
    start_response("204 No Content", [])
    return []


make_server("", 8000, application).serve_forever()
