"""Asks the shops for their prices; a client only."""
import asyncio
import json

import aiohttp

SHOPS = json.load(open("shops.json"))


async def price(session, shop):
    async with session.get(shop["url"], timeout=aiohttp.ClientTimeout(total=10)) as reply:
        return shop["name"], (await reply.json())["price"]


async def main():
    async with aiohttp.ClientSession() as session:
        for name, value in await asyncio.gather(*(price(session, shop) for shop in SHOPS)):
            print(name, value)


asyncio.run(main())
