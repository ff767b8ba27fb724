import os

from flask import Flask, jsonify, session
from webargs import fields
from webargs.flaskparser import use_args

app = Flask(__name__)
app.secret_key = os.environ["KEY"]
PROFILES = {}


@app.route("/profile", methods=["POST"])
@use_args({"email": fields.Email(required=True)}, locations=("json",))
def change(args):
    PROFILES[session["user"]] = args["email"]
    return jsonify(args)
