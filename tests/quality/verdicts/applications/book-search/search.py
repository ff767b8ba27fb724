import sqlite3

from flask import Flask, jsonify
from webargs import fields
from webargs.flaskparser import use_kwargs

app = Flask(__name__)


@app.route("/books")
@use_kwargs({"title": fields.Str(required=True), "limit": fields.Int(missing=10)}, locations=("query",))
def books(title, limit):
    rows = sqlite3.connect("books.db").execute("select title from book where title like ? limit ?", (title, limit))
    return jsonify([row[0] for row in rows])
