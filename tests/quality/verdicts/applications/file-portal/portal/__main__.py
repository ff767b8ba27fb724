import os

from aiohttp import web
from aiohttp.web_middlewares import normalize_path_middleware

from portal.routes import register

app = web.Application(middlewares=[normalize_path_middleware(append_slash=True, merge_slashes=True)])
register(app, os.environ.get("FILES", "/srv/files"))
web.run_app(app, port=8080)
