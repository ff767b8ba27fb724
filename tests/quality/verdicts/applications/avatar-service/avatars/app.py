from flask import Flask, Response, request

from avatars import images

app = Flask("avatars")


@app.route("/avatar", methods=["POST"])
def avatar():
    content = request.files["picture"].read()
    colour = request.form.get("frame")
    png = images.framed(content, colour) if colour else images.thumbnail(content)
    return Response(png, mimetype="image/png")
