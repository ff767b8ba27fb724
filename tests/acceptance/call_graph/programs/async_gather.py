import asyncio
async def one():
    return leaf()
async def two():
    return leaf()
def leaf():
    return 1
async def main():
    return await asyncio.gather(one(), two())
asyncio.run(main())
