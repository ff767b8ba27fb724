import asyncio
import json

import websockets

with open("echo.json") as source:
    OPTIONS = json.load(source)


async def echo(connection, path):
    async for message in connection:
        await connection.send(message)


loop = asyncio.get_event_loop()
loop.run_until_complete(websockets.serve(echo, "0.0.0.0", 8765, **OPTIONS))
loop.run_forever()
