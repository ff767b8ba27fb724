import json
import socketserver

from grid import jobs


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        request = json.loads(self.rfile.readline())
        options = {key: request[key] for key in ("pre_dispatch", "batch_size") if key in request}
        self.wfile.write(json.dumps(jobs.run(request["values"], options)).encode())


socketserver.TCPServer(("0.0.0.0", 7777), Handler).serve_forever()
