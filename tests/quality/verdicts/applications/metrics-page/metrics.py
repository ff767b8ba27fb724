from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler, StaticFileHandler

COUNTS = {"requests": 0}


class Metrics(RequestHandler):
    def get(self):
        COUNTS["requests"] += 1
        self.write(COUNTS)


application = Application([(r"/metrics", Metrics), (r"/icons/(.*\.svg)", StaticFileHandler, {"path": "/srv/icons"})])
application.listen(9100)
IOLoop.current().start()
