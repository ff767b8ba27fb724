from urllib.parse import parse_qs

import uvicorn


async def app(scope, receive, send):
    assert scope["type"] == "http"
    target = parse_qs(scope["query_string"])[b"to"][0]
    await send({"type": "http.response.start", "status": 302, "headers": [(b"location", target)]})
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8000)
