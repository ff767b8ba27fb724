from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles


async def upload(request):
    form = await request.form()
    names = [getattr(value, "filename", value) for value in form.values()]
    return JSONResponse({"received": names})


app = Starlette(
    routes=[
        Route("/upload", upload, methods=["POST"]),
        Mount("/static", StaticFiles(directory="static")),
    ]
)
