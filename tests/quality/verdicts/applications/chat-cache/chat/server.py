"""A line protocol: the user's name in, the history out; slow answers are given up."""
import asyncio

from chat import store


async def client(reader, writer):
    user = (await reader.readline()).decode().strip()
    try:
        lines = await asyncio.wait_for(store.history(user), timeout=0.2)
        count = await asyncio.wait_for(store.unread(user), timeout=0.2)
        writer.write(b"\n".join(lines) + b"\n" + (count or b"0") + b"\n")
    except asyncio.TimeoutError:
        writer.write(b"try again\n")
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(client, "0.0.0.0", 6000)
    await server.serve_forever()


asyncio.run(main())
