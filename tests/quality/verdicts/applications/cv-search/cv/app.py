from flask import Flask, request

from cv.extract import text_of

app = Flask(__name__)


@app.route("/cv", methods=["POST"])
def upload():
    text = text_of(request.files["cv"].stream)
    return {"python": "python" in text.lower()}
