import bottle

from letters import render_letter


@bottle.post("/preview")
def preview():
    source = bottle.request.forms.get("template", "")
    return render_letter(source, {"name": "Ada", "city": "London"})


if __name__ == "__main__":
    bottle.run(port=8080)
