"""POST /projects: makes a project from a template that the developer names."""
import bottle
from cookiecutter.main import cookiecutter


def generate(form):
    return cookiecutter(
        form.template,
        checkout=form.revision or None,
        no_input=True,
        output_dir="/srv/projects",
    )


@bottle.post("/projects")
def projects():
    return {"folder": generate(bottle.request.forms)}


bottle.run(host="0.0.0.0", port=8080)
