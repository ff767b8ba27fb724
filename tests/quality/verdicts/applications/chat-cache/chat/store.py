import redis.asyncio as redis

_client = redis.Redis(host="cache.internal", max_connections=10)


async def history(user):
    return await _client.lrange("history:" + user, 0, 20)


async def unread(user):
    async with _client.pipeline() as pipe:
        pipe.get("unread:" + user).delete("unread:" + user)
        return (await pipe.execute())[0]
