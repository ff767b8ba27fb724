"""A sentence as numbers: what its words stand for, which stands before which, and hashed words.

Four blocks: concepts (is one there), ordered pairs of them that stand side by side and that stand in one
clause, shapes (forged delimiters, roles at the start of a line, placeholders, links), and hashed words and
word pairs. The first carry from one family of attacks, and one language, to another; the last fits what was seen.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from icelos.data.parse.confusables import folded, unleeted
from icelos.llm.injection.lexicon import NAMES, beginnings, joined, words

NEAR, REACH = 2, 9
"""Words from one concept to another that stands beside it ("your final answer"), or in the same clause."""
HASHED = 1 << 13
WORDS = 64
"""Words of a sentence that are looked at."""
_COUNT = len(NAMES)
_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_REPLY = "(?:responses?|answers?|reply|replies|outputs?|completions?)(?:'s)?"
SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("control token", re.compile(r"<\|[^|<>]{1,40}\|>|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|</?s>")),
    ("role at the start", re.compile(r"^\W{0,6}(?:system|assistant|user|human|ai|developer)\W{0,4}[:>\]}]")),
    ("tag", re.compile(r"</?\s*(?:system|information|instructions?|prompt|important|admin|override|user|assistant|data|context|document|tool)[\w\s-]{0,20}/?\s*>")),
    ("rule line", re.compile(r"(?:[#=*\-_~]{3,}|```|[<>\[]{2,}).{0,60}(?:end|begin|start|stop|new|system|instruction|document|context|input)")),
    ("end of document", re.compile(r"\bend\W{0,3}of\W{0,3}(?:the\W)?(?:document|context|text|input|data|email|message|article|file|report|user|instructions?)")),
    ("placeholder", re.compile(r"\{\{?[\w ]{2,30}\}?\}|\[(?:insert|data|secret|query|conversation|history)[\w ]{0,20}\]")),
    ("image", re.compile(r"!\[[^\]]{0,80}\]\(|<img\b")),
    ("link with a query", re.compile(r"https?://\S+\?\w+=(?:\{|<|\[|$|[a-z_]*(?:data|secret|history|answer))")),
    ("link", re.compile(r"https?://|www\.|\bhref=")),
    ("address", re.compile(r"[\w.+-]+@[\w-]+\.\w")),
    ("quoted", re.compile(r"[\"“'‘«].{3,200}[\"”'’»]")),
    ("code call", re.compile(r"\b[a-z]+_[a-z_]+\b|\b\w+\(\w*\)")),
    ("comment", re.compile(r"<!--|/\*|^\s*(?:#|//)")),
    ("verb first", re.compile(r"^\W{0,4}(?:please\W+|now\W+|then\W+|also\W+|instead\W+|and\W+)?(?:add|append|include|insert|integrate|modify|enhance|augment|say|write|print|output|reply|respond|answer|repeat|translate|replace|use|end|start|begin|provide|convert|rewrite|remove|mention|ignore|forget|disregard|state|tell|generate|send|render|introduce|reveal|show|return|stop|finish|encode|format)\b")),
    ("asks to", re.compile(r"\b(?:you must|you should|you need to|you will|you have to|you are to|make sure|be sure|ensure)\b")),
    ("you are", re.compile(r"\byou(?:'re| are)\b")),
    ("in your answer", re.compile(r"\byour\W+(?:\w+\W+){0,2}(?:response|answer|reply|output|summary|summaries|responses|answers|replies|completion|message)s?\b")),
    ("into your answer", re.compile(rf"\b(?:in|to|of|from|into|at|inside|within|throughout|on|with|end|start|begin)\W+your\W+(?:\w+\W+)?{_REPLY}\b")),
    ("does to your answer", re.compile(rf"^\W{{0,4}}(?:please\W+|now\W+|then\W+|also\W+)?\w+\W+your\W+(?:\w+\W+)?{_REPLY}\b")),
    ("an order on your answer", re.compile(rf"^\W{{0,4}}(?:please\W+|now\W+|also\W+)?(?!thank|we\b|i\b|the\b|this\b|it\b|in reply|re:|sorry|for\b|as\b)[a-z]+\b.{{0,160}}\byour\W+(?:\w+\W+)?{_REPLY}\b")),
    ("in each answer", re.compile(r"\b(?:the|each|every|this|all|any|its|final|next)\W+(?:\w+\W+){0,1}(?:response|answer|reply|output|summary|completion)s?\b")),
    ("to a model", re.compile(r"\b(?:note|notes|message|instructions?|attention|dear|hey|hello|hi|to|for|if you(?:'re| are)|reminder|any|all|as)\W+(?:an?\W+|the\W+|to\W+|for\W+|any\W+|whichever\W+|automated\W+|virtual\W+|security\W+|triage\W+){0,3}(?:ai|ais|llms?|assistants?|chatbots?|bots?|language models?|models?|copilots?|gpt\S*|agents?|summari[sz]ers?)\b")),
    ("called by name", re.compile(r"^\W{0,4}(?:ai|llm|assistant|chatbot|bot|copilot|gpt\S*|model|agent)\W*[,:!-]")),
    ("override what was said", re.compile(r"\b(?:ignor|disregard|forget|overrid|bypass|set aside|discard|do not follow|don't follow|stop following|skip|drop)\w*\W+(?:\w+\W+){0,4}(?:instructions?|prompts?|rules|guidelines|directions|directives|orders|told|above|restrictions|programming|policy|policies|context)\b")),
    ("your own rules", re.compile(r"\byour\W+(?:\w+\W+){0,2}(?:instructions?|prompt|rules|guidelines|directives?|training|restrictions|configuration|context|programming|task|developers?)\b|\bsystem prompt\b")),
    ("from now on", re.compile(r"\bfrom (?:now on|this point)|you are now|you're now|no longer\b")),
    ("no restrictions", re.compile(r"\b(?:no|without(?: any)?|unrestricted|zero)\W+(?:\w+\W+)?(?:restrictions?|limits?|limitations?|filters?|rules|guidelines|censorship|content polic\w+)\b|\b(?:unrestricted|unfiltered|uncensored)\b")),
    ("play a part", re.compile(r"\b(?:act as|pretend|role-?play|imagine|suppose|hypothetical\w*|parallel (?:world|universe)|in a world where|let's (?:say|pretend|assume)|developer mode|jailbr\w+|system mode|override mode)\b")),
    ("while reading", re.compile(r"\b(?:when(?:ever)?|before|after|once|while|if)\W+(?:you\W+|the \w+\W+|a model\W+)?(?:are\W+)?(?:summari[sz]\w*|answer\w*|respond\w*|reply\w*|process\w*|read\w*|asked|quot\w+|analy[sz]\w+|cit\w+)\b")),
    ("not to be told", re.compile(r"\b(?:do not|don't|never|without)\W+(?:tell\w*|mention\w*|reveal\w*|inform\w*|show\w*|say\w*|cit\w+|alert\w*|notify\w*)\b")),
    ("incident response", re.compile(r"\b(?:incident|emergency|security|irt|csirt|http|server|api|dns|detection|endpoint|network|organi[sz]ation\w*|vendor|rapid|managed|active|threat)\W+(?:and\W+\w+\W+)?response|response (?:team|plan|process|time|code|status|phase|action|procedure|header|activit|effort)\w*")),
    ("told of", re.compile(r"\b(?:adversar\w+|attackers?|threat actors?|malware|exploit\w*|vulnerabilit\w+|could allow|may allow|detects?|group|has (?:used|been))\b")),
    ("question", re.compile(r"\?\W*$")),
)  # fmt: skip
_PAIRS = _COUNT * _COUNT
FIRST_SHAPE = _COUNT + 2 * _PAIRS
FIRST_HASH = FIRST_SHAPE + len(SHAPES) + 2
SIZE = FIRST_HASH + HASHED
"""Numbers of a sentence."""


def features(text: str, *, encoded: bool = False, hashed: bool = True) -> list[int]:
    """The places of a sentence's numbers that are 1, each once, in order; all others are 0."""
    plain = unleeted(folded(text))
    tokens = _TOKEN.findall(plain)[:WORDS]
    found = set(_concepts(plain, tokens))
    for number, (_, pattern) in enumerate(SHAPES):
        if pattern.search(plain):
            found.add(FIRST_SHAPE + number)
    if encoded:
        found.add(FIRST_SHAPE + len(SHAPES))
    if plain != text.lower():
        found.add(FIRST_SHAPE + len(SHAPES) + 1)
    if hashed:
        found.update(FIRST_HASH + one for one in _hashes(tokens))
    return sorted(found)


def _concepts(plain: str, tokens: list[str]) -> Iterator[int]:
    placed = list(_placed(plain, tokens))
    recent: list[tuple[int, int]] = []
    for place, concept in placed:
        yield concept
        recent = [(p, c) for p, c in recent if place - p <= REACH]
        for at, before in recent:
            pair = _COUNT + before * _COUNT + concept
            yield pair
            if place - at <= NEAR:
                yield pair + _PAIRS
        recent.append((place, concept))


def _placed(plain: str, tokens: list[str]) -> Iterator[tuple[int, int]]:
    """(place, concept) of the words that stand for something."""
    whole, begun = words(), beginnings()
    for place, token in enumerate(tokens):
        known = whole.get(token)
        if known is None:
            known = _begun(token, begun)
        for concept in known:
            yield place, concept
    if not plain.isascii():
        found = sorted(
            (at, concepts) for word, concepts in joined() if (at := plain.find(word)) >= 0
        )
        for order, (_, concepts) in enumerate(found):
            for concept in concepts:
                yield len(tokens) + 2 * order, concept


def _begun(token: str, begun: object) -> tuple[int, ...]:
    for length in range(min(len(token), 12), 2, -1):
        if known := beginnings().get(token[:length]):
            return known
    return ()


def _hashes(tokens: list[str]) -> Iterator[int]:
    before = "^"
    for token in tokens:
        yield zlib.crc32(token.encode("utf-8", "replace")) % HASHED
        yield zlib.crc32(f"{before} {token}".encode("utf-8", "replace")) % HASHED
        before = token
