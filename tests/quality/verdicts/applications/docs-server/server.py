import os

import tornado.ioloop
import tornado.web

ROOT = os.environ.get("DOCS", "/srv/docs")


def make_app():
    return tornado.web.Application(
        [(r"/(.*)", tornado.web.StaticFileHandler, {"path": ROOT, "default_filename": "index.html"})]
    )


if __name__ == "__main__":
    make_app().listen(8888)
    tornado.ioloop.IOLoop.current().start()
