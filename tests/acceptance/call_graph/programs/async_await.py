import asyncio
async def fetch():
    return parse()
def parse():
    return 1
async def main():
    return await fetch()
asyncio.run(main())
