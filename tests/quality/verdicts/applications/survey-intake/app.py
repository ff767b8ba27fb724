"""Receives survey definitions from field offices and stores them."""
import json
import sqlite3

import yaml
from flask import Flask, jsonify, request

app = Flask(__name__)
database = sqlite3.connect("surveys.db", check_same_thread=False)


@app.route("/surveys", methods=["POST"])
def create():
    definition = yaml.load(request.data)
    if not isinstance(definition, dict) or "title" not in definition:
        return jsonify(error="no title"), 400
    database.execute("insert into surveys values (?, ?)", (definition["title"], json.dumps(definition)))
    database.commit()
    return jsonify(ok=True), 201


if __name__ == "__main__":
    app.run(port=8000)
