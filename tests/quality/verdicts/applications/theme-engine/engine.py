"""Renders pages with the theme that the customer mounted at /themes."""
import bottle
from jinja2 import Environment, FileSystemLoader

environment = Environment(loader=FileSystemLoader("/themes/active"), autoescape=True)


@bottle.post("/page")
def page():
    return environment.get_template("page.html").render(text=bottle.request.forms.text)


bottle.run(host="0.0.0.0")
