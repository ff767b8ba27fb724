"""Takes job descriptions that customers post to the queue socket, one a line: NAME LENGTH."""
import socketserver

from worker.formats import decoder_for


class Intake(socketserver.StreamRequestHandler):
    def handle(self):
        name, length = self.rfile.readline(300).decode().split()
        body = self.rfile.read(min(int(length), 1 << 20))
        decode = decoder_for(name)
        job = decode(body)
        self.wfile.write(b"accepted %d steps\n" % len(job["steps"]))


if __name__ == "__main__":
    with socketserver.ThreadingTCPServer(("0.0.0.0", 7000), Intake) as server:
        server.serve_forever()
