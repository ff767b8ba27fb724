from flask import Flask, request

app = Flask(__name__)


@app.route("/ratio")
def ratio():
    return str(int(request.args["a"]) / int(request.args["b"]))


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=80, debug=True)
