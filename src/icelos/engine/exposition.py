"""What every process of ours tells Prometheus beside its own counts, and the text that it is told in.

A registry is made for each run and each server: nothing is counted in the library's own, which is global.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Info, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from icelos import __version__
from icelos.errors import SettingsError
from icelos.llm.meter import OUTCOMES, PROCESS, Meter

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds of histograms: from a batch of log rows to one of questions to a model."""


def new_registry(*, meter: Meter = PROCESS) -> CollectorRegistry:
    """A registry that has the process's memory, CPU time and files, its version, and its use of models."""
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    Info("icelos_build", "Version of Icelos.", registry=registry).info({"version": __version__})
    registry.register(ModelCollector(meter))
    return registry


def exposed(registry: CollectorRegistry) -> bytes:
    """All metrics in Prometheus' text format 0.0.4, which every scraper reads; see `CONTENT_TYPE`."""
    return generate_latest(registry)


TOKEN_LENGTH = 16
"""Characters that a token has at least: nothing slows down who guesses it."""


def check_token(token: str) -> None:
    """Raises SettingsError for one that could be guessed or does not go into a header; none is well."""
    if token and (len(token) < TOKEN_LENGTH or not token.isascii() or not token.isprintable()):
        raise SettingsError(
            "the token of /metrics cannot be used", hint=f"{TOKEN_LENGTH} or more printable ASCII characters"
        )


def is_authorized(header: str, token: str) -> bool:
    """Whether an Authorization header (as Latin-1, which any bytes are) carries the token (RFC 6750)."""
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.encode("latin-1"), token.encode())


class ModelCollector(Collector):
    """A meter's counts as metrics, read when they are asked for."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def collect(self) -> Iterator[Metric]:
        """Calls, replies, tokens, seconds and money."""
        used = self._meter.used
        yield CounterMetricFamily(
            "icelos_model_calls", "Requests sent to a model, repairs and repeated tries included.", used.calls
        )
        replies = CounterMetricFamily(
            "icelos_model_replies", "Replies asked for, by what came of them.", labels=["outcome"]
        )
        for outcome in OUTCOMES:
            replies.add_metric([outcome], used.replies.get(outcome, 0))
        yield replies
        tokens = CounterMetricFamily(
            "icelos_model_tokens", "Tokens sent to models and written by them.", labels=["kind"]
        )
        tokens.add_metric(["prompt"], used.usage.prompt_tokens)
        tokens.add_metric(["completion"], used.usage.completion_tokens)
        yield tokens
        yield CounterMetricFamily(
            "icelos_model_seconds", "Seconds that models were waited for.", used.usage.seconds
        )
        yield CounterMetricFamily(
            "icelos_model_cost", "Money, in the currency of the settings' prices.", used.usage.cost
        )
