"""A web hook behind the company's proxy; static pictures for the README are served too."""
from aiohttp import web

routes = web.RouteTableDef()
routes.static("/pictures", "/srv/pictures")


@routes.post("/hook")
async def hook(request):
    print(await request.text(), flush=True)
    return web.Response(status=204)


app = web.Application()
app.add_routes(routes)
web.run_app(app)
