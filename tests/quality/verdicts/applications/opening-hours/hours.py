from bottle import get, redirect, run


@get("/")
def root():
    redirect("/hours")


@get("/hours")
def hours():
    return "Mon-Fri 9-17"


run(host="0.0.0.0", port=8080)
