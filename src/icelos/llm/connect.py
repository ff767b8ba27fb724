"""The way to a model: from settings to an LLM, with all that should stand around it.

llm = connect(settings)
if llm is None: ...          # nothing is configured: answer extractively, and say so
"""

from __future__ import annotations

from icelos.contracts import LLM
from icelos.data.workspace import Workspace
from icelos.errors import SettingsError
from icelos.llm.budget import Budget
from icelos.llm.cache import ReplyCache
from icelos.llm.client import EndpointLLM
from icelos.llm.door import Door
from icelos.llm.trace import Trace
from icelos.settings import Settings


def connect(settings: Settings, *, budget: Budget | None = None) -> LLM | None:
    """The model that the settings name, or None where `llm.base_url` is empty.

    Nothing is sent until the first call. `budget` is shared by all that is given it; without one, this
    model has the budget of the settings for one run. What lives longer than a run gives its own:
    `Budget.of(settings.llm, window=DAY)`. Raises SettingsError, and StoreError for the workspace.
    """
    llm = settings.llm
    if not llm.base_url:
        return None
    if not llm.model:
        raise SettingsError("llm.base_url is set and llm.model is not", hint="name a model of the endpoint")
    client = EndpointLLM(llm, budget=budget)
    return Door(
        client,
        setting={
            "endpoint": llm.base_url.rstrip("/"),
            "model": llm.model,
            "temperature": llm.temperature,
            "reply_tokens": llm.reply_tokens,
        },
        redact=llm.redact == "always" or (llm.redact == "remote" and not client.local),
        known=[llm.api_key],
        cache=_cache(settings),
        trace=_trace(settings, client.host),
    )


def _cache(settings: Settings) -> ReplyCache | None:
    llm = settings.llm
    if llm.cache == "off" or (llm.cache == "auto" and llm.temperature > 0):
        return None
    path = Workspace.of(settings).folder("cache") / "replies.sqlite"
    return ReplyCache(path, max_bytes=llm.cache_mib * 2**20)


def _trace(settings: Settings, host: str) -> Trace | None:
    llm = settings.llm
    if llm.trace == "off":
        return None
    folder = Workspace.of(settings).folder("cache", "trace")
    return Trace(folder, text=llm.trace, days=llm.trace_days, host=host)
