import socketserver

from idna import encode as to_ascii


class Lookup(socketserver.StreamRequestHandler):
    """One name a line in, its ASCII form out."""

    def handle(self):
        for line in self.rfile:
            self.wfile.write(to_ascii(line.decode("utf-8").strip()) + b"\n")


if __name__ == "__main__":
    socketserver.ThreadingTCPServer(("0.0.0.0", 4343), Lookup).serve_forever()
