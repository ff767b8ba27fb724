from http.server import BaseHTTPRequestHandler, HTTPServer

import oidc


class Callback(BaseHTTPRequestHandler):
    check = staticmethod(oidc.claims)

    def do_GET(self):
        user = self.check(self.headers["Authorization"].split()[1])["sub"]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(user.encode())


HTTPServer(("", 8000), Callback).serve_forever()
