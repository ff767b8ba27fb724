"""WSGI: /go?to=... sends the visitor on, and remembers the campaign in a header."""
from urllib.parse import parse_qs


def application(environ, start_response):
    query = parse_qs(environ.get("QUERY_STRING", ""))
    headers = [("Location", query["to"][0]), ("X-Campaign", query.get("campaign", ["none"])[0])]
    start_response("302 Found", headers)
    return [b""]
