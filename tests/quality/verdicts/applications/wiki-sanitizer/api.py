import json
from http.server import BaseHTTPRequestHandler, HTTPServer

from sanitizer import clean


class Api(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        page = clean("article", body["text"])
        with open("/srv/pages/%d.html" % int(body["id"]), "w") as sink:
            sink.write(page)
        self.send_response(204)
        self.end_headers()


HTTPServer(("", 8000), Api).serve_forever()
