import asyncio
async def ticks():
    for n in range(2):
        yield tick(n)
def tick(n):
    return n
async def main():
    async for t in ticks():
        seen(t)
def seen(t):
    return t
asyncio.run(main())
