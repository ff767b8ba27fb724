import bottle
from markdown_it import MarkdownIt

renderer = MarkdownIt("js-default")


@bottle.post("/render")
def render():
    return renderer.render(bottle.request.body.read().decode("utf-8", "replace"))


bottle.run(host="0.0.0.0")
