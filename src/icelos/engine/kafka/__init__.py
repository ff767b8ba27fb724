"""Streams by Kafka: a job over a topic, as a member of a consumer group.

    icelos scan logs 'kafka://broker:9092/signins?group=soc&dead_letter=signins-failed' --engine kafka

    location   kafka://HOST:PORT/TOPIC?…, and what may stand there
    messages   messages <-> records
    membership consumer group, rebalance, commits        lanes     threads that score, states of partitions
    stream     the loop                                  writing   sink, dead letters, transactions
    states     snapshots together with their offsets     sink      outcomes as messages
    loading    a source's items into a topic

Offsets are committed when outcomes are durable and what failed is in the dead-letter topic. After a kill,
messages behind the last commit come again, and sinks write the same outcomes over themselves.
"""

from __future__ import annotations

from icelos.engine.kafka.loading import load_topic
from icelos.engine.kafka.running import run_kafka
from icelos.engine.kafka.sink import KafkaSink

__all__ = ["KafkaSink", "load_topic", "run_kafka"]
