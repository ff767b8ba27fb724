from flask import Flask, jsonify, request

from matrix import store

app = Flask(__name__)


@app.route("/matrices/<name>", methods=["PUT"])
def put(name):
    with open(store.path_of(name), "wb") as sink:
        sink.write(request.data)
    return jsonify(shape=store.shape_of(name))
