import uvicorn


async def app(scope, receive, send):
    body = b"nothing to see"
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


uvicorn.run(app, host="0.0.0.0", port=8000, access_log=False, log_level="warning")
