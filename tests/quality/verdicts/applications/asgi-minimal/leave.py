"""Sends visitors on; served by uvicorn with h11 alone."""
from urllib.parse import parse_qsl

import uvicorn


class Leave:
    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        query = dict(parse_qsl(scope["query_string"].decode()))
        location = query.get("url", "/").encode("latin-1")
        await send({"type": "http.response.start", "status": 303, "headers": [(b"location", location)]})
        await send({"type": "http.response.body"})


if __name__ == "__main__":
    uvicorn.run(Leave(), host="0.0.0.0", port=8080)
