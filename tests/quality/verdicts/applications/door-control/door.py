import asyncio
import os

import websockets
from websockets.auth import basic_auth_protocol_factory

CREDENTIALS = (os.environ["DOOR_USER"], os.environ["DOOR_PASSWORD"])


async def door(connection, path):
    async for message in connection:
        if message == "open":
            open("/dev/door", "w").write("1")
        await connection.send("done")


protocol = basic_auth_protocol_factory(realm="door", credentials=CREDENTIALS)
start = websockets.serve(door, "0.0.0.0", 8765, create_protocol=protocol)
asyncio.get_event_loop().run_until_complete(start)
asyncio.get_event_loop().run_forever()
