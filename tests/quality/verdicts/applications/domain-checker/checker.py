"""HTTP: /check?name=... tells whether a name can be registered."""
from wsgiref.simple_server import make_server
from urllib.parse import parse_qs

import idna
import validators as is_a


def encoded(name):
    return idna.encode(name, uts46=True).decode()


def application(environ, start_response):
    name = parse_qs(environ["QUERY_STRING"])["name"][0]
    fine = is_a.domain(name)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [(encoded(name) if fine else "no").encode()]


make_server("", 8000, application).serve_forever()
