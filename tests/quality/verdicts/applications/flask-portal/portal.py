import os
from datetime import timedelta

from flask import Flask, redirect, request, session

app = Flask(__name__)
app.secret_key = os.environ["PORTAL_KEY"]
app.permanent_session_lifetime = timedelta(days=14)


@app.route("/login", methods=["POST"])
def login():
    session.permanent = True
    session["user"] = request.form["user"]
    return redirect("/")


@app.route("/")
def home():
    return "Welcome to the portal. Opening hours: 9 to 17."
