"""Items of a question into clauses: what is sought, over which views, with which filters, in which order.

Every item has to find its place. One that does not makes its clause not understood: it is named in `unclear`
and the clause is not answered, because a filter that is left out makes a wrong answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from icelos.jobs.copilot.agent.clauses import AUXILIARY, CONTEXT, Atom, Clause, Filter, Name, Refer, split
from icelos.jobs.copilot.agent.placing import Placing
from icelos.jobs.copilot.agent.scanning import Item
from icelos.jobs.copilot.agent.views import VIEWS
from icelos.jobs.copilot.agent.wording import PROPERTIES


def clauses(text: str, items: Sequence[Item]) -> list[Clause]:
    """The clauses of a question, in order."""
    return [
        read(text, part) for part in split(items) if any(i.kind not in {"stop", "glue", "join"} for i in part)
    ]


def read(text: str, items: Sequence[Item]) -> Clause:
    """One clause out of its items."""
    reader = _Reader(text[items[0].start : items[-1].end], list(items))
    return reader.clause()


class _Reader(Placing):
    """Goes over the items once, from left to right."""

    def clause(self) -> Clause:
        first = self.items[0]
        has_want = any(
            item.kind in {"want"} or (item.kind == "relative" and item.text.lower() == "who")
            for item in self.items
        )
        self.into.is_context = not has_want and first.kind == "glue" and first.text.lower() in CONTEXT
        if not has_want and first.kind == "glue" and first.text.lower() in AUXILIARY:
            self.into.want = "whether"
        while self.place < len(self.items):
            item = self.items[self.place]
            getattr(self, f"_{item.kind}", self._unclear)(item)
            self.place += 1
        self._finish()
        return self.into

    # ---- what stands around

    # ---- items

    def _unclear(self, item: Item) -> None:
        self.into.unclear.append(item.text)

    def _glue(self, item: Item) -> None:
        """ "On all hosts" asks for more than that there is one."""
        if item.text.lower() in {"each", "both", "respectively"}:
            self.into.each = True
            return
        if item.text.lower() in {"all", "every"} and self.into.head:
            self._unclear(item)

    def _nothing(self, item: Item) -> None:
        pass

    _join = _stop = _aside = _nothing

    def _each(self, _: Item) -> None:
        self.into.each = True

    def _shows(self, item: Item) -> None:
        self.into.shows.append(str(item.value))

    def _sequence(self, _: Item) -> None:
        self.into.sequence = True

    def _new(self, item: Item) -> None:
        """What is new is so since some time."""
        if not any(one.kind == "period" for one in self.items):
            self._unclear(item)

    def _only(self, item: Item) -> None:
        """ "On web-01 only" says no more than the name; "that only failed" does."""
        near = [self.items[i] for i in (self.place - 1, self.place + 1) if 0 <= i < len(self.items)]
        following = self._next()
        if (
            following is not None
            and following.kind in {"word", "value"}
            and self.into.sought not in {"", "rows"}
        ):
            self._unclear(item)  # "CVEs that are only on web-01" are nowhere else
            return
        if not any(
            one.kind in {"word", "value", "period"} for one in (*near, *([following] if following else []))
        ):
            self._unclear(item)

    def _asset(self, item: Item) -> None:
        """ "Its owner" asks for it; "team Web" names one."""
        what, following = str(item.value), self._next(frozenset())
        before_it = self._before()
        if (before_it is not None and before_it.kind == "group" and following is None) or (
            before_it is not None
            and before_it.kind == "group"
            and following is not None
            and following.kind != "word"
        ):
            self.into.asset.append(what)
            self.into.group.append(what)
            return
        is_named = what in {"owner", "team"} and following is not None and following.kind == "word"
        if is_named and item.text.lower() in {"team", "owner", "teams"}:
            text = self._run(self.place + 1)
            self.into.holders.append((what, text))
            self.place += 1 + text.count(" ")
            return
        last = (
            self.names[-1] if self.names else self.atom.names[-1] if self.atom and self.atom.names else None
        )
        before = self._before(frozenset())
        if (
            what == "team"
            and item.text.lower() == "team"
            and last is not None
            and before is not None
            and before.kind == "word"
        ):
            self.into.holders.append((what, last.text))
            (self.names if self.names else self.atom.names if self.atom else []).pop()
            return
        self.into.asset.append(what)

    def _reason(self, item: Item) -> None:
        self._condition(Filter("state", "=", "closed"))
        self._condition(Filter("reason", "=", item.value))
        if self.atom is None and not self.into.head:
            self.into.head = self.into.sought = "rows"
            self.into.plural = True

    def _closer(self, item: Item) -> None:
        if item.value == "seek":
            if self.into.sought not in {"", "rows"} and self.into.want != "who":
                self._unclear(item)
            self.into.sought = self.into.head = "closer"
            self.into.want, self.into.plural = "list", True
            self._condition(Filter("state", "=", "closed"))
            return
        self._condition(Filter("state", "=", "closed"))
        if item.value == "verb":
            if not self._retyped("closer"):
                self._unclear(item)
            return
        following = self._next()
        if following is None or following.kind not in {"word", "value"}:
            self._unclear(item)

    def _desk(self, item: Item) -> None:
        """ "On ann's desk", "in her queue": open, and assigned to her."""
        if not self._retyped("assignee"):
            self._unclear(item)
        self._condition(Filter("state", "=", "open"))

    def _severity(self, item: Item) -> None:
        value = next(w for w in ("critical", "high", "medium", "low") if w in item.text.lower())
        if self.atom is None or self.atom.view.name != "vulnerabilities":
            self._view(VIEWS["vulnerabilities"])
        self._condition(Filter("severity", "=", value))

    def _relative(self, item: Item) -> None:
        if item.text.lower() == "who" and not self.into.want and self.place == 0:
            self._want(msgspec.structs.replace(item, kind="want", value="who"))

    def _want(self, item: Item) -> None:
        value = str(item.value)
        if {value, self.into.want} == {"compare", "count"}:
            self.into.want, self.into.each = "count", True
            return
        if (
            self.into.want == ""
            or (self.into.want == "list" and value != "whether")
            or (self.into.want == "whether" and value in {"who", "count"})
        ):
            self.into.want = value
        elif value not in {"list", "whether", self.into.want}:
            if value == "where":
                return  # "which hosts, where ..."
            self._unclear(item)

    def _noun(self, item: Item) -> None:
        what, before = str(item.value), self._before()
        if what == "host":
            self._kind_of_host(item)
        if (before is not None and before.kind == "group") or (
            before is not None and before.kind == "join" and self.into.group and self._is_group_noun()
        ):
            self.into.group.append(what)
        elif (
            before is not None
            and (before.kind in {"having", "limit"} or before.value == ("count", True))
            and self.into.sought not in {"", what}
        ):
            self.into.counting = what
        elif (
            before is not None
            and before.kind == "refer"
            and (before.value != "pronoun" or before.text.lower() in {"its", "their"})
        ):
            if before.value == "pronoun":
                self._head_or_link(what, item)
                if item.view:
                    self._view(VIEWS[item.view])
                return
            self.refer.append(Refer(what))
            self._settle_reference()
            if not self.into.head and self._is_of_those():
                self.into.sought = self.into.head = what
                self.into.plural = True
        elif self._names_next(what):
            return
        else:
            self._head_or_link(what, item)
        if item.view and what not in {"rule"}:
            self._view(VIEWS[item.view])

    def _is_group_noun(self) -> bool:
        """Is what stands before the "and" what is grouped by: "per user and host"?"""
        before = [item for item in self.items[: self.place] if item.kind not in {"glue", "join"}]
        return len(before) > 1 and before[-1].kind == "noun" and before[-2].kind == "group"

    def _is_of_those(self) -> bool:
        """ "Which of those hosts" seeks them, as "do those hosts"; "who signs in to those hosts" does not."""
        words = [item.text.lower() for item in self.items[: self.place]]
        return self.into.want == "whether" or (self.into.want in {"list", "count"} and words[-2:-1] == ["of"])

    def _kind_of_host(self, item: Item) -> None:
        """ "Images" are not all hosts: which are so called, their names have to say."""
        word = item.text.lower().removeprefix("container ").rstrip("s")
        if word in _KINDS_OF_HOST:
            self.into.kinds.append(word)
        elif word in {"host", "machine", "target", "asset", "system"}:
            self.into.kinds.append("")

    def _names_next(self, what: str) -> bool:
        """ "user ann", "host web-01": the noun says what the name after it is."""
        following = self.items[self.place + 1] if self.place + 1 < len(self.items) else None
        if following is None or what in _UNNAMED or self._plural(self.items[self.place]):
            return False
        if following.kind == "word" or (
            following.kind == "value" and following.value[0] in {"quoted", "email", "domain", what}
        ):
            text = self._run(self.place + 1) if following.kind == "word" else following.value[1]
            if (
                what in {"ip", "sender", "user"}
                and following.kind == "value"
                and following.value[0] == "email"
            ):
                what = "sender" if what == "sender" else "email"
            is_assignee = what == "user" and self.place > 0 and self.items[self.place - 1].kind == "assigned"
            self.names.append(Name("assignee" if is_assignee else what, str(text)))
            view = self.items[self.place].view
            if view and (self.atom is None or what in {"technique", "rule", "incident"}):
                self._view(VIEWS[view])
            self._place_names()
            self.place += 1 + (str(text).count(" ") if following.kind == "word" else 0)
            return True
        return False

    def _head_or_link(self, what: str, item: Item) -> None:
        if (
            not self.into.sought
            and not self.into.head
            and self.into.want not in {"who", "when", "why", "where"}
        ):
            self.into.sought = what
            self.into.head = what
            self.into.plural = self._plural(item)
        elif self._is_shown():
            self.into.shows.append(what)
        elif what in PROPERTIES and what not in {"assignee"}:
            if self.into.want in {"list", ""} and self.into.head:
                self.into.shows.append(what)
            else:
                self._unclear(item)
        else:
            self._link(what)

    def _is_shown(self) -> bool:
        """ "Vulnerabilities with EPSS scores and hosts": told of each of them."""
        before = self._before()
        if before is None or self.into.want not in {"list", ""}:
            return False
        is_with = before.kind == "relative" and before.text.lower() == "with"
        following = self._next()
        ends = following is None or following.kind in {"join", "stop", "period"}
        return ends and (is_with or (before.kind == "join" and bool(self.into.shows)))

    def _topic(self, item: Item) -> None:
        view = VIEWS["logs" if item.view == "logins" else item.view]
        before = self._before()
        if (
            view.name in {"findings", "vulnerabilities"}
            and self.into.head not in {"", "rows"}
            and (view.name == "findings" or item.value == "rows")
        ):
            self.into.counting = self.into.counting or "rows"
        is_counted = self.into.order == ("count", True) and self.into.sought not in {"", "rows"}
        if before is not None and before.kind == "group" and not is_counted:
            self.into.group.append(view.seeks or "rows")
            self._view(view)
            return
        if (
            before is not None
            and before.kind == "refer"
            and before.value != "pronoun"
            and item.value != "verb"
        ):
            self.refer.append(Refer(view.seeks or "rows"))
            if not self._is_head_needed():
                self._settle_reference()
                return
            self._settle_reference()
            return
        mode = str(item.value) if item.view == "logins" else ""
        self._view(view, mode=mode)
        if item.value == "alert" and self.atom is not None:
            self.atom.filters.append(Filter("verdict", "=", "alert"))
        is_noun = item.view != "logins" or mode.endswith("noun")
        if is_noun and not self.into.head and self.into.want not in {"who", "when", "why", "where"}:
            self.into.head = "rows" if item.value in {"rows", "alert"} or not view.seeks else view.seeks
            self.into.sought = self.into.head
            self.into.plural = self._plural(item)

    def _is_head_needed(self) -> bool:
        return not self.into.head

    def _filter(self, item: Item) -> None:
        column, how, value = item.value
        one = Filter(column, how, value)
        if column == "outcome" and self.atom is not None and self.atom.view.name == "logs":
            mode = "failed" if value == "failure" else "succeeded"
            if self.atom.mode.removesuffix("-noun") in {"failed", "succeeded"} - {mode}:
                self._unclear(item)  # "failed logins and successful ones" are not one query
            self.atom.mode = mode
            return
        if column == "outcome":
            self._unclear(item)
            return
        before = self._before()
        if (
            column == "state"
            and value == "closed"
            and before is not None
            and before.kind == "noun"
            and (before.value == self.into.sought and before.value in {"assignee", "user"})
        ):
            self.into.sought = self.into.head = "closer"
        if item.view and (self.atom is None or self.atom.view.name != item.view):
            self._view(VIEWS[item.view])
        self._condition(one)

    def _value(self, item: Item) -> None:
        what, text = item.value
        self._sent_or_named(what, str(text))

    def _word(self, _: Item) -> None:
        """Words side by side are one name: "Stefan Krol", "gift cards"."""
        text = self._run(self.place)
        self._sent_or_named("", text)
        self.place += text.count(" ")

    def _run(self, place: int) -> str:
        found = [str(self.items[place].value)]
        while place + 1 < len(self.items):
            here, after = self.items[place], self.items[place + 1]
            is_beside = after.start - here.end <= 1 and here.text == str(here.value)
            if after.kind != "word" or not is_beside or any(_MARKED.search(i.text) for i in (here, after)):
                break
            found.append(str(after.value))
            place += 1
        return " ".join(found)

    def _sent_or_named(self, what: str, text: str) -> None:
        before = self._word_before()
        home = {"cve": "vulnerabilities", "advisory": "vulnerabilities", "technique": "log_alerts"}.get(what)
        if home is not None and (self.atom is None or self.atom.view.name != home):
            self._view(VIEWS[home])
        kind = self.items[self.place - 1].kind if self.place else ""
        if (
            kind == "assigned"
            and what not in {"cve", "advisory", "technique"}
            and self.into.sought != "assignee"
        ):
            what = "assignee"
        conditions = [*self.waiting, *(self.atom.filters if self.atom is not None else [])]
        if kind == "closer" or (
            before == "by" and what in {"", "email"} and Filter("state", "=", "closed") in conditions
        ):
            what = "closer"
        if kind in {"join", "stop"} and what in {"", "email"}:
            last = (
                self.names[-1]
                if self.names
                else self.atom.names[-1]
                if self.atom and self.atom.names
                else None
            )
            if last is not None and last.what in {"assignee", "closer"}:
                what = last.what
        what = self._direction(what, before, kind)
        if what == "domain" and self._is_mail():
            what = "domain"
        self.names.append(Name(what, text))
        self._place_names()

    def _direction(self, what: str, before: str, kind: str) -> str:
        """Whether a name in a question about mail is who sent it or who got it, where a word says so."""
        if (
            what not in {"email", ""}
            or not self._is_mail()
            or (self.atom is not None and self.atom.view.name != "mail")
        ):
            return what
        if before == "from" or before.endswith((" by", " from")):
            return "sender"
        if kind == "sent":  # "who sent ann the mail"
            return "recipient"
        return "recipient" if before == "to" or before.endswith(" to") else what

    def _period(self, item: Item) -> None:
        if self.atom is not None and self.atom.period is None:
            self.atom.period = item.value
        elif self.atom is None and self.period is None:
            self.period = item.value
        elif re.search(r"\b(?:than|versus|vs|compared (?:to|with)|and)\b", self.into.text, re.IGNORECASE):
            first = self.atom.period if self.atom is not None else self.period
            self.into.periods = [*(self.into.periods or [one for one in (first,) if one]), item.value]
        else:
            self._unclear(item)

    def _having(self, item: Item) -> None:
        if self.into.having is not None:
            self._unclear(item)
        self.into.having = item.value

    def _limit(self, item: Item) -> None:
        number, how = item.value
        self.into.limit = int(number)
        if how in {"last", "latest", "newest"}:
            self.into.order = ("time", True)
        elif how == "worst":
            self.into.order = ("score", True)
        elif how == "first":
            self.into.order = ("time", False)
        elif self.into.order is None:
            self.into.order = ("count", True)

    def _order(self, item: Item) -> None:
        column, descending = item.value
        following = self._next()
        if column == "next":
            column = str(following.value) if following and following.kind == "noun" else "score"
            if column not in {"epss", "score"}:
                self._unclear(item)
        if self.into.order is None or self.into.order == ("count", True):
            self.into.order = (column, descending)
        elif self.into.order != (column, descending):
            self._unclear(item)

    def _group(self, item: Item) -> None:
        following = self._next(frozenset({"glue", "refer"}))
        if item.text.lower() == "by" and self.into.order == ("count", True) and self.into.sought:
            return  # "top hosts by exploitable findings"
        if (
            item.text.lower() in {"for each", "each", "for every"}
            and following is not None
            and following.kind in {"word", "value"}
        ) or (item.text.lower() == "each" and (following is None or following.kind not in {"noun", "topic"})):
            self.into.each = True
            return
        if following is not None and following.kind == "asset":
            return
        if following is None or following.kind not in {"noun", "topic"}:
            if (
                item.text.lower() == "by"
                and following is not None
                and following.kind in {"word", "value", "refer", "want"}
            ):
                return
            if item.text.lower() in {"each"} and following is None:
                return
            self._unclear(item)
        elif item.text.lower() == "by" and following.kind == "noun" and not self._plural(following):
            after = (
                self.items[self.items.index(following) + 1]
                if self.items.index(following) + 1 < len(self.items)
                else None
            )
            if after is not None and after.kind in {"word", "value"}:  # "by user ann"
                self.items[self.place] = msgspec.structs.replace(item, kind="glue")

    def _refer(self, item: Item) -> None:
        following = self._following_noun()
        before = self.items[self.place - 1] if self.place else None
        if self._is_explained():
            return None
        if item.text.lower() == "that" and before is not None and before.kind in {"noun", "topic", "alert"}:
            return None  # a relative clause
        if item.value == "pronoun":
            if item.text.lower() == "there" and self.place + 1 == len(self.items):
                self.refer.append(Refer("host"))
            else:
                self.refer.append(Refer(""))
            self._settle_reference()
        elif (
            following is None
            or following.kind not in {"noun", "topic", "alert"}
            or (following.kind == "topic" and following.view == "logins" and following.value in _VERBS)
        ):
            if following is not None and following.kind == "filter":
                return self._refer_filtered(item)
            if (
                item.text.lower() == "that"
                and following is not None
                and following.kind in {"relative", "topic"}
            ):
                return None
            self.refer.append(Refer(""))
            self._settle_reference()
        return None

    def _following_noun(self) -> Item | None:
        """What stands after "those", but for what a noun phrase begins with: "how many of these are alerts"
        has none."""
        place = self.place + 1
        while (
            place < len(self.items)
            and self.items[place].kind == "glue"
            and self.items[place].text.lower() not in AUXILIARY
        ):
            place += 1
        return self.items[place] if place < len(self.items) else None

    def _is_explained(self) -> bool:
        """ "It (T1110.003)" says itself what it refers to."""
        after = self.items[self.place + 1 : self.place + 3]
        return len(after) == 2 and after[0].value == "(" and after[1].kind == "value"

    def _refer_filtered(self, item: Item) -> None:
        """ "that are exploitable" is a relative clause; "those exploitable" refers."""
        if item.text.lower() != "that":
            self.refer.append(Refer(""))
            self._settle_reference()

    def _not(self, item: Item) -> None:
        following = self._next(frozenset({"glue", "noun", "refer"}))
        after = self.items[self.place + 1 : self.place + 3]
        is_beside = self.place and self.items[self.place - 1].value == ","
        if (
            is_beside
            and after
            and after[0].kind in {"topic", "noun"}
            and (len(after) < 2 or after[1].kind == "stop")
        ):
            self.into.counting = (
                "rows" if self.into.head != "rows" and after[0].view == "vulnerabilities" else ""
            )
            self.place += 1
            return  # "findings, not CVEs"
        if self._is_clarified():
            while self.place + 1 < len(self.items) and self.items[self.place].value != ")":
                self.place += 1
            return
        if (
            item.text.lower() in _EXCLUDING
            and following is not None
            and following.kind in {"word", "value"}
            and following.value[0] not in {"quoted", "domain"}
        ):
            self.excluding, self.excluded_from = True, self.place
            return
        if (
            item.text.lower()
            in {
                "not",
                "no",
                "without",
                "never",
                "don't",
                "doesn't",
                "didn't",
                "isn't",
                "aren't",
                "nobody",
                "no one",
                "none",
            }
            and following is not None
            and (following.kind == "topic" or (following.kind == "filter" and following.view))
            and self.into.head
        ):
            self.negate = True
        else:
            self._unclear(item)

    def _is_clarified(self) -> bool:
        """ "web-01 (not web-010)" says no more than the name."""
        before = [one for one in self.items[: self.place] if one.kind not in {"only", "glue", "join"}]
        return (
            len(before) > 1
            and before[-1].kind == "stop" and before[-1].value == "("
            and before[-2].kind in {"word", "value"}
            and any(one.value == ")" for one in self.items[self.place :])
        )  # fmt: skip

    def _alert(self, item: Item) -> None:
        following = self._next(frozenset())
        if (
            following is not None
            and following.kind == "topic"
            and following.view in {"mail", "vulnerabilities"}
        ):
            self._condition(Filter("verdict", "=", "alert"))
            return
        before = self._before(_ARTICLES)
        if before is not None and before.kind == "group":
            self._unclear(item)
            return
        if before is not None and before.kind == "refer" and before.value != "pronoun":
            self.refer.append(Refer("rows"))
            self._settle_reference()
            return
        self._waiting_alert(item, before)

    def _waiting_alert(self, item: Item, before: Item | None) -> None:
        """Alerts of which view: of logs where somebody is sought, of the view that is spoken of, of any."""
        self.alert_waits = True
        if not self.into.head and self.into.want not in {"who", "when", "why", "where"}:
            self.into.head = self.into.sought = "rows"
            self.into.plural = True
        others = [one for one in self.into.atoms if one.view.name in {"vulnerabilities", "mail", "logs"}]
        if others and self.into.links and self.into.links[-1][0] in {"user", "host", "ip"}:
            self._view(VIEWS["log_alerts"])
            self.alert_waits = False
            return
        if others and self._head_is_entity():
            self._view(VIEWS["log_alerts"])
            self.alert_waits = False
        elif self.atom is None:
            self._view(VIEWS["findings"])
            for atom in self.into.atoms:
                atom.alerts = True
        elif self.atom.view.name == "findings":
            self.atom.alerts = True
        elif before is not None and before.kind in {"topic", "filter"} and self.atom.view.name != "logs":
            self.atom.filters.append(Filter("verdict", "=", "alert"))
        elif self.atom.view.name != "log_alerts":
            self._unclear(item)

    def _head_is_entity(self) -> bool:
        return self.into.sought in {"host", "user", "ip"} or self.into.want == "who"

    def _flagged(self, item: Item) -> None:
        following = self._next()
        if self.atom is None and self.into.want in {"count", "list"} and not any(i.view for i in self.items):
            self.into.flagged = True
            return
        if self.into.want == "why" and not self._is_mail():
            self._alert(item)
            return
        if (self.atom is not None and self.atom.view.name == "mail") or (
            following is not None and following.view == "mail"
        ):
            return
        self._unclear(item)

    def _sent(self, item: Item) -> None:
        if item.text.lower() in {"came from", "coming from"} and self.atom is not None:
            return
        if item.text.lower() in {"sent", "send", "sends", "wrote"} and self.into.want != "who":
            self._retyped("sender")  # "which mails did it@evil.example send"
        if self.atom is None or self.atom.view.name != "mail":
            self._view(VIEWS["mail"])
        if self.into.want == "who" and not self.into.sought:
            self.into.sought = "sender"

    def _received(self, item: Item) -> None:
        following = self._next()
        is_mail = any(one.view == "mail" and one.kind != "received" for one in self.items)
        if (
            not is_mail
            and following is not None
            and (following.kind == "alert" or following.view == "log_alerts")
        ):
            return  # "who got alerts"
        is_quoted = following is not None and following.kind == "value" and following.value[0] == "quoted"
        if not is_mail and not is_quoted and (following is None or following.kind != "refer"):
            self._unclear(item)
            return
        if self.into.want == "who" and not self.into.sought:
            self.into.sought = "recipient"
        if self.atom is None or self.atom.view.name != "mail":
            self._view(VIEWS["mail"])

    def _assigned(self, item: Item) -> None:
        following = self._next()
        if (self.into.asset or self.into.holders) and item.text.lower().startswith(("belong", "own")):
            return
        is_own = (
            item.text.lower().split()[-1] in {"owns", "own"}
            or "owned" in item.text.lower()
            or "belong" in item.text.lower()
        )
        if (
            is_own
            and "host" in {self.into.sought, *(what for what, _ in self.into.links)}
            and (following is not None and following.kind in {"word", "asset"})
        ):
            place = self.place + 1 + (following.kind == "asset")
            while place < len(self.items) and self.items[place].kind == "glue":
                place += 1
            if place < len(self.items) and self.items[place].kind == "word":
                text = self._run(place)
                self.into.holders.append(("", text))
                self.place = place + text.count(" ")
                return
        if self.into.want == "who" and not self.into.sought:
            self.into.sought = "assignee"
        elif (
            self._retyped("assignee")
            or (
                following is not None
                and following.kind in {"word", "value"}
                and not _is_identifier(following)
            )
            or (
                following is not None and following.kind == "noun" and following.value in {"user", "assignee"}
            )
        ):
            return
        else:
            self._condition(Filter("assignee", "is_set"))

    def _retyped(self, what: str) -> bool:
        """ "Which findings is carol responsible for": the name before the verb is who does it."""
        before = self._before()
        if before is None or not (
            before.kind == "word" or (before.kind == "value" and before.value[0] == "email")
        ):
            return False
        names = self.atom.names if self.atom is not None else self.names
        said = before.value if before.kind == "word" else before.value[1]
        if not names or names[-1].text != said or names[-1].what not in {"", "email"}:
            return False
        names[-1] = Name(what, names[-1].text)
        return True

    # ---- the end

    def _finish(self) -> None:
        into = self.into
        self._imply_view()
        if into.atoms and (self.names or self.period is not None or self.refer or self.waiting):
            self.atom = into.atoms[0]
            self._settle()
        into.refers = into.refers or bool(self.refer)
        if not into.atoms:
            into.within = self.period
            if into.asset or into.sought or into.want in {"who", "where", "when"}:
                into.loose, self.names = self.names, []
        self.into.unclear += [one.text for one in self.names]
        if self.negate:
            into.unclear.append("not")
        if self._is_of_all():
            into.unclear.append("all")  # that there is one does not answer it
        self._settle_alerts()

    def _imply_view(self) -> None:
        """The view of what was said without one."""
        into = self.into
        if into.atoms:
            return
        if into.sought == "rule" and (into.order or into.having or self.period):
            self._view(VIEWS["log_alerts"])
        elif any(name.what in {"assignee", "closer"} for name in self.names):
            self._view(VIEWS["findings"])
        elif self.waiting or self.alert_waits:
            self._view(VIEWS["findings"])
            for atom in into.atoms:
                atom.implied = True

    def _is_of_all(self) -> bool:
        """Does it ask whether all are so, rather than one?"""
        return self.into.want == "whether" and any(
            one.kind == "glue" and one.text.lower() in {"all", "every"} for one in self.items
        )

    def _settle_alerts(self) -> None:
        """ "Alerts" are log alerts where somebody of a log is named; else findings of any job."""
        for atom in self.into.atoms:
            if not atom.alerts:
                continue
            if atom.view.name == "findings" and (
                self._entity_named(atom)
                or self.into.sought in {"user", "host", "ip", "technique", "incident", "rule", "entity"}
            ):
                atom.view = VIEWS["log_alerts"]
            atom.filters.append(Filter("verdict", "=", "alert"))
            atom.alerts = False

    def _entity_named(self, atom: Atom) -> bool:
        about = {"user", "host", "ip", "technique", "incident", "entity"}
        return (
            any(name.what in about for name in atom.names)
            or bool(about & {*self.into.group, *(what for what, _ in self.into.links)})
            or any(refer.what in about for refer in atom.refer)
        )


def _is_identifier(item: Item) -> bool:
    return item.kind == "value" and item.value[0] in {"cve", "advisory", "technique", "ip"}


_KINDS_OF_HOST = frozenset(
    {"image", "container", "server", "laptop", "workstation", "computer", "endpoint", "device"}
)
_EXCLUDING = frozenset(
    {
        "not",
        "but not",
        "except",
        "except for",
        "excluding",
        "other than",
        "besides",
        "apart from",
        "not counting",
        "leaving out",
        "minus",
        "without",
    }
)
_VERBS = frozenset({"verb", "failed", "succeeded", "attempt-noun"})
_MARKED = re.compile(r"[\d@._/-]")
_ARTICLES = frozenset({"glue"})
_UNNAMED = frozenset({"day", "epss", "score", "time", "kev"})
"""What is a number or a time: no name stands beside it."""
