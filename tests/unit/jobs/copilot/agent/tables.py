"""Small real tools over rows in memory: they filter, group and count as the contract says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from icelos.contracts import Fact, Observation, Principal, ReadTool, Right, Tier, Tool
from icelos.errors import InputError

Row = dict[str, Any]
_CONDITION = {
    "type": "object",
    "properties": {"field": {"type": "string"}, "is": {"type": "string"}, "value": {}},
    "required": ["field", "is"],
    "additionalProperties": False,
}
_NAMES = {"type": "array", "items": {"type": "string"}}
QUERY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "view": {"type": "string"},
        "log": {"type": "string"},
        "where": {"type": "array", "items": _CONDITION},
        "group_by": _NAMES,
        "distinct": _NAMES,
        "count": {"type": "boolean"},
        "order_by": {"type": "string"},
        "descending": {"type": "boolean"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 1000},
    },
    "additionalProperties": False,
}


class TableTool:
    """One tool over tables. Text compares without regard to case, as SQLite's NOCASE does."""

    right = Right.READ

    def __init__(self, name: str, tables: Mapping[str, Sequence[Row]], *, tier: Tier = Tier.COMPUTED) -> None:
        self.tool = Tool(name, f"Rows of {', '.join(tables)}", QUERY)
        self.tables = tables
        self.tier = tier
        self.calls: list[Mapping[str, Any]] = []

    def call(self, arguments: Mapping[str, Any], *, principal: Principal) -> Observation:
        self.calls.append(arguments)
        view = arguments.get("view", "logs")
        if view not in self.tables:
            raise InputError(f"no view {view!r}")
        rows = [
            row for row in self.tables[view] if all(_fits(row, one) for one in arguments.get("where", ()))
        ]
        if "group_by" in arguments:
            return self._groups(rows, arguments)
        if arguments.get("count"):
            return Observation(facts=(self._computed(arguments, {"count": len(rows)}),), total=1)
        if order := arguments.get("order_by"):
            rows = sorted(
                rows,
                key=lambda r: (
                    r.get(order) is not None,
                    r.get(order) or 0 if not isinstance(r.get(order), str) else r[order],
                ),
                reverse=arguments.get("descending", False),
            )
        if names := arguments.get("distinct"):
            unique = list({tuple(row.get(n) for n in names): None for row in rows})
            facts = [self._computed(arguments, dict(zip(names, values, strict=True))) for values in unique]
        else:
            facts = [self._row(view, row) for row in rows]
        return Observation(facts=tuple(facts[: arguments.get("limit", 50)]), total=len(facts))

    def _groups(self, rows: Iterable[Row], arguments: Mapping[str, Any]) -> Observation:
        names = arguments["group_by"]
        counts: dict[tuple[Any, ...], int] = {}
        different = (
            {(tuple(r.get(n) for n in names), tuple(r.get(n) for n in arguments["distinct"])) for r in rows}
            if "distinct" in arguments
            else None
        )
        for key in (
            (one[0] for one in different)
            if different is not None
            else (tuple(r.get(n) for n in names) for r in rows)
        ):
            counts[key] = counts.get(key, 0) + 1
        ordered = sorted(counts.items(), key=lambda pair: -pair[1])
        facts = [
            self._computed(arguments, {**dict(zip(names, key, strict=True)), "count": n})
            for key, n in ordered
        ]
        return Observation(facts=tuple(facts[: arguments.get("limit", 50)]), total=len(facts))

    def _computed(self, arguments: Mapping[str, Any], values: Row) -> Fact:
        text = ", ".join(f"{name} {value}" for name, value in values.items())
        ref = f"computed:{abs(hash(json.dumps([self.tool.name, arguments, values], default=str))):x}"
        return Fact(ref=ref, text=text, values=values)

    def _row(self, view: str, row: Row) -> Fact:
        if view == "logs":
            done = f"{row['user']} {row['action']} {row['outcome']}"
            text = f"{row['time']}: {done} on {row['host']} from {row['source_ip']}"
            return Fact(ref=f"log:{row['log']}/{row['row']}", text=text, values=row, tier=Tier.OUTSIDE)
        return Fact(ref=f"finding:{row['job']}/{row['id']}", text=row["summary"], values=row, tier=self.tier)


def _fits(row: Row, one: Mapping[str, Any]) -> bool:
    if one["field"] not in row:
        raise InputError(f"no field {one['field']!r}")
    have, want, how = row[one["field"]], one.get("value"), one["is"]
    if how == "is_set":
        return have not in (None, "")
    if how == "is_not_set":
        return have in (None, "")
    if have is None:
        return how in {"!=", "not_in"}
    return bool(_HOW[how](_folded(have), _folded(want)))


def _folded(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_folded(one) for one in value]
    return value


_HOW: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "contains": lambda a, b: b.lower() in a.lower(),
    "starts_with": lambda a, b: a.lower().startswith(b.lower()),
    "in": lambda a, b: a in b,
    "not_in": lambda a, b: a not in b,
}


class TimelineTool:
    """Findings and log rows that name something, in order of time."""

    right = Right.READ
    tool = Tool(
        "timeline",
        "What names somebody or something, in order of time",
        {
            "type": "object",
            "required": ["entity"],
            "additionalProperties": False,
            "properties": {
                "entity": {"type": "string"},
                "start": {"type": "string"},
                "end": {"type": "string"},
                "limit": {"type": "integer"},
            },
        },
    )

    def __init__(self, findings: TableTool, logs: TableTool) -> None:
        self._tools = (findings, logs)

    def call(self, arguments: Mapping[str, Any], *, principal: Principal) -> Observation:
        found: list[Fact] = []
        for tool in self._tools:
            for view, rows in tool.tables.items():
                if view == "findings":
                    continue
                for row in rows:
                    words = {str(value).lower() for value in row.values()} | {
                        part
                        for value in row.values()
                        if isinstance(value, str)
                        for part in value.lower().split(", ")
                    }
                    moment = row.get("time") or row.get("seen")
                    inside = arguments.get("start", "") <= moment < arguments.get("end", "9")
                    if arguments["entity"].lower() in words and inside:
                        found.append(tool._row(view, row))
        found.sort(key=lambda fact: str(fact.values.get("time") or fact.values.get("seen")))
        return Observation(facts=tuple(found[: arguments.get("limit", 50)]), total=len(found))


def as_tools(*tools: ReadTool) -> dict[str, ReadTool]:
    return {tool.tool.name: tool for tool in tools}
