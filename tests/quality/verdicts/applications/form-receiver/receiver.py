"""Contact forms of the web site; files are never sent by it."""
from starlette.applications import Starlette
from starlette.responses import RedirectResponse
from starlette.routing import Route


async def contact(request):
    try:
        form = await request.form()
    except AssertionError:
        return RedirectResponse("/sorry", status_code=303)
    with open("/srv/contact.log", "a") as sink:
        sink.write(repr(dict(form)) + "\n")
    return RedirectResponse("/thanks", status_code=303)


app = Starlette(routes=[Route("/contact", contact, methods=["POST"])])
