import asyncio
from websockets import serve

LISTENERS = set()


async def join(connection, path):
    LISTENERS.add(connection)
    try:
        async for message in connection:
            for listener in LISTENERS - {connection}:
                await listener.send(message[:200])
    finally:
        LISTENERS.discard(connection)


asyncio.get_event_loop().run_until_complete(serve(join, "0.0.0.0", 9000))
asyncio.get_event_loop().run_forever()
