import os

from flask import Flask, redirect, render_template, request

app = Flask(__name__)
COMMENTS = []


@app.route("/", methods=["GET", "POST"])
def index():
    if request.method == "POST":
        COMMENTS.append(request.form["text"])
        return redirect("/")
    return render_template("wall.html", comments=COMMENTS)


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", 5000)))
