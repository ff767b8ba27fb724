"""Gives each posted document to the handler that the operator configured: module:function."""
import importlib
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

module, _, function = os.environ["HOOK"].partition(":")
handle = getattr(importlib.import_module(module), function)


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        handle(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()


HTTPServer(("", 8000), Hook).serve_forever()
