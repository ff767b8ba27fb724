import bottle

LINKS = {}


@bottle.post("/new")
def new():
    LINKS[bottle.request.forms.name] = bottle.request.forms.target


@bottle.get("/leave")
def leave():
    bottle.redirect(bottle.request.query.to)


@bottle.get("/home")
def home():
    bottle.redirect("/")


bottle.run(host="0.0.0.0", port=80)
