from http.server import BaseHTTPRequestHandler, HTTPServer

from yaml import safe_load as parse


class Menus(BaseHTTPRequestHandler):
    """PUT /menu with a YAML body replaces the menu."""

    menu = {}

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Menus.menu = parse(body)
        self.send_response(204)
        self.end_headers()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        for dish, price in self.menu.items():
            self.wfile.write(("%s: %s\n" % (dish, price)).encode())


HTTPServer(("", 8080), Menus).serve_forever()
