from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

NOTES = []


async def notes(request):
    if request.method == "POST":
        NOTES.append((await request.json())["text"])
    return PlainTextResponse("\n".join(NOTES))


app = Starlette(routes=[Route("/", notes, methods=["GET", "POST"])])
