from http.cookies import SimpleCookie
from wsgiref.simple_server import make_server

from gateway import client

TENANTS = {}


def application(environ, start_response):
    tenant = environ["PATH_INFO"].strip("/")
    if environ["REQUEST_METHOD"] == "PUT":
        TENANTS[tenant] = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
        start_response("204 No Content", [])
        return []
    session = SimpleCookie(environ.get("HTTP_COOKIE", ""))["session"].value
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else None
    reply = client.forward(environ["REQUEST_METHOD"], TENANTS[tenant], "session=" + session, body)
    start_response("%d -" % reply.status, [("Content-Type", "application/octet-stream")])
    return [reply.data]


make_server("", 8000, application).serve_forever()
