from flask import Flask, send_from_directory
from flask_cors import cross_origin

app = Flask(__name__)


@app.route("/fonts/<name>")
@cross_origin(origins="*", methods=["GET"])
def font(name):
    return send_from_directory("/srv/fonts", name)
