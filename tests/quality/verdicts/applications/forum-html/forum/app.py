from flask import Flask, request

from forum import sanitize

app = Flask(__name__)
POSTS = []


@app.route("/posts", methods=["POST"])
def post():
    make_safe = sanitize.rich if request.form.get("rich") else sanitize.plain
    POSTS.append(make_safe(request.form["body"]))
    return "", 204


@app.route("/")
def read():
    return "<hr>".join(POSTS)
