"""An HTTP service that shows the outline of documents that users post."""
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO

import lxml.etree as ET

PARSER = ET.XMLParser(recover=True, remove_comments=True)


def outline(content):
    tree = ET.parse(BytesIO(content), PARSER)
    depth = 0
    for event, item in ET.iterwalk(tree, events=("start", "end", "start-ns")):
        if event == "start-ns":
            yield "%s(%s is %s)" % (" " * depth, *item)
            continue
        depth += 1 if event == "start" else -1
        if event == "start":
            yield "%s%s" % (" " * depth, item.tag)


class Lint(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            status, text = 200, "\n".join(outline(body))
        except ET.XMLSyntaxError as error:
            status, text = 400, str(error)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    HTTPServer(("0.0.0.0", 8000), Lint).serve_forever()
