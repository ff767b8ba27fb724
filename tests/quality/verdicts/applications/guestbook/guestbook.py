import sqlite3

import bottle
from bleach import clean as sanitize

database = sqlite3.connect("guests.db")


@bottle.post("/entry")
def entry():
    text = sanitize(bottle.request.forms.text, tags=["b", "i", "a"], attributes={"a": ["href"]})
    database.execute("insert into entry (text) values (?)", (text,))
    database.commit()
    bottle.redirect("/")


@bottle.get("/")
def entries():
    return "<hr>".join(text for (text,) in database.execute("select text from entry"))


bottle.run(port=8000)
