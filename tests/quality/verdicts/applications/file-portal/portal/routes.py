import asyncio

from aiohttp import ClientSession, web


async def health(request):
    return web.json_response({"ok": True})


async def relay(request):
    """Repeats a call at the internal archive, by the method that the caller names."""
    form = await request.json()
    async with ClientSession() as session:
        call = session.request(form["method"], "http://archive.internal/items", json=form.get("item"))
        async with call as reply:
            return web.Response(body=await reply.read(), status=reply.status)


def register(app, folder):
    app.router.add_get("/health", health)
    app.router.add_post("/relay", relay)
    app.router.add_static("/files", folder, follow_symlinks=True, show_index=False)
