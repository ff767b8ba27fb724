import itertools

import bottle

from paste.highlighting import coloured

numbers = itertools.count(1)
pastes = {}


@bottle.post("/")
def add():
    number = next(numbers)
    pastes[number] = coloured(bottle.request.forms.code, bottle.request.forms.language)
    return str(number)


@bottle.get("/<number:int>")
def show(number):
    return pastes[number]


bottle.run(host="0.0.0.0", port=8080)
