from wsgiref.simple_server import make_server
from urllib.parse import parse_qs

from badge import badge


def application(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    name = parse_qs(environ["wsgi.input"].read(length).decode())["name"][0]
    badge(name).save("/var/spool/badges/next.png")
    start_response("204 No Content", [])
    return []


make_server("", 8001, application).serve_forever()
