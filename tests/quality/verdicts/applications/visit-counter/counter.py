from flask import Flask, request
from redis import Redis

app = Flask(__name__)
store = Redis(host="redis", socket_timeout=1)


@app.route("/<page>")
def visit(page):
    return {"page": page, "visits": store.incr("visits:" + page), "from": request.remote_addr}
