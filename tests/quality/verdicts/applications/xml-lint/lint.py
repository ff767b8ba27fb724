"""An HTTP service that reports the depth of elements, also for broken documents."""
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO

import lxml.etree as ET


def outline(content):
    parser = ET.XMLParser(recover=True)
    tree = ET.parse(BytesIO(content), parser)
    depth = 0
    for event, element in ET.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if event == "start":
            yield "%s%s" % (" " * depth, element.tag)


class Lint(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        text = "\n".join(outline(body)).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text)


HTTPServer(("0.0.0.0", 8000), Lint).serve_forever()
