"""How up to date everything is, and what is new and matters to us."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from msgspec.structs import replace

from icelos.contracts import Right
from icelos.data.durations import since as moment
from icelos.data.feeds.feeds import statuses as feed_statuses
from icelos.data.feeds.news import news_statuses
from icelos.engine.upkeep import is_running, statuses
from icelos.jobs.vulns.news.model import News
from icelos.jobs.vulns.news.news import news as made
from icelos.web.routes.access import Here, Reading, may
from icelos.web.schemas import FeedList, describe, reply

router = APIRouter(tags=["upkeep"], dependencies=[Depends(may(Right.READ))])

Since = Annotated[str, Query(max_length=40, description="How long ago (24h, 7d), or a date")]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/api/feeds", openapi_extra=describe(gives=FeedList))
def feeds(here: Here) -> Response:
    """Feeds with their age, and the tasks of the schedule with their last and next run."""
    settings = here.settings
    return reply(
        FeedList(
            feeds=tuple(feed_statuses(here.workspace)), news=tuple(news_statuses(settings)),
            tasks=tuple(statuses(settings)), running=is_running(settings),
        )
    )  # fmt: skip


@router.get("/api/news", openapi_extra=describe(gives=News))
def news(here: Here, principal: Reading, since: Since = "24h", limit: Limit = 100) -> Response:
    """What feeds have brought that concerns our targets, the riskiest first; the rest is counted."""
    found = made(here.settings, since=moment(since), principal=principal)
    return reply(replace(found, items=found.items[:limit]))
