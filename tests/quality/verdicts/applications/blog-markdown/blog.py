"""A blog whose readers may comment in Markdown."""
from html import escape

import mistune
from flask import Flask, request

app = Flask(__name__)
COMMENTS = []


@app.route("/comments", methods=["GET", "POST"])
def comments():
    if request.method == "POST":
        COMMENTS.append((request.form["name"], mistune.markdown(request.form["text"])))
    return "".join("<h3>%s</h3>%s" % (escape(name), body) for name, body in COMMENTS)
