"""Shapes of text that speaks to a machine: patterns over one sentence, folded and in lower case."""

from __future__ import annotations

import re

SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "control token",
        re.compile(r"<\|[^|<>]{1,40}\|>|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|</?s>"),
    ),
    (
        "role at the start",
        re.compile(r"^\W{0,6}(?:system|assistant|user|human|ai|developer)\W{0,4}[:>\]}]"),
    ),
    (
        "tag",
        re.compile(
            r"</?\s*(?:system|information|instructions?|prompt|important|admin|override|user|"
            r"assistant|data|context|document|tool)[\w\s-]{0,20}/?\s*>"
        ),
    ),
    (
        "rule line",
        re.compile(
            r"(?:[#=*\-_~]{3,}|```|[<>\[]{2,}).{0,60}(?:end|begin|start|stop|new|system|instruction|"
            r"document|context|input)"
        ),
    ),
    (
        "end of document",
        re.compile(
            r"\bend\W{0,3}of\W{0,3}(?:the\W)?(?:document|context|text|input|data|email|message|"
            r"article|file|report|user|instructions?)"
        ),
    ),
    (
        "placeholder",
        re.compile(r"\{\{?[\w ]{2,30}\}?\}|\[(?:insert|data|secret|query|conversation|history)[\w ]{0,20}\]"),
    ),
    ("image", re.compile(r"!\[[^\]]{0,80}\]\(|<img\b")),
    (
        "link with a query",
        re.compile(r"https?://\S+\?\w+=(?:\{|<|\[|$|[a-z_]*(?:data|secret|history|answer))"),
    ),
    ("link", re.compile(r"https?://|www\.|\bhref=")),
    ("address", re.compile(r"[\w.+-]+@[\w-]+\.\w")),
    ("quoted", re.compile(r"[\x22“'‘«].{3,200}[\x22”'’»]")),
    ("code call", re.compile(r"\b[a-z]+_[a-z_]+\b|\b\w+\(\w*\)")),
    ("comment", re.compile(r"<!--|/\*|^\s*(?:#|//)")),
    (
        "verb first",
        re.compile(
            r"^\W{0,4}(?:please\W+|now\W+|then\W+|also\W+|instead\W+|and\W+)?(?:add|append|include|"
            r"insert|integrate|modify|enhance|augment|say|write|print|output|reply|respond|answer|"
            r"repeat|translate|replace|use|end|start|begin|provide|convert|rewrite|remove|mention|"
            r"ignore|forget|disregard|state|tell|generate|send|render|introduce|reveal|show|return|"
            r"stop|finish|encode|format)\b"
        ),
    ),
    (
        "asks to",
        re.compile(
            r"\b(?:you must|you should|you need to|you will|you have to|you are to|make sure|be sure|"
            r"ensure)\b"
        ),
    ),
    ("you are", re.compile(r"\byou(?:'re| are)\b")),
    (
        "in your answer",
        re.compile(
            r"\byour\W+(?:\w+\W+){0,2}(?:response|answer|reply|output|summary|summaries|responses|"
            r"answers|replies|completion|message)s?\b"
        ),
    ),
    (
        "into your answer",
        re.compile(
            r"\b(?:in|to|of|from|into|at|inside|within|throughout|on|with|end|start|"
            r"begin)\W+your\W+(?:\w+\W+)?(?:responses?|answers?|reply|replies|outputs?|"
            r"completions?)(?:'s)?\b"
        ),
    ),
    (
        "does to your answer",
        re.compile(
            r"^\W{0,4}(?:please\W+|now\W+|then\W+|also\W+)?\w+\W+your\W+(?:\w+\W+)?(?:responses?|"
            r"answers?|reply|replies|outputs?|completions?)(?:'s)?\b"
        ),
    ),
    (
        "an order on your answer",
        re.compile(
            r"^\W{0,4}(?:please\W+|now\W+|also\W+)?(?!thank|we\b|i\b|the\b|this\b|it\b|in reply|re:|"
            r"sorry|for\b|as\b)[a-z]+\b.{0,160}\byour\W+(?:\w+\W+)?(?:responses?|answers?|reply|"
            r"replies|outputs?|completions?)(?:'s)?\b"
        ),
    ),
    (
        "in each answer",
        re.compile(
            r"\b(?:the|each|every|this|all|any|its|final|next)\W+(?:\w+\W+){0,1}(?:response|answer|"
            r"reply|output|summary|completion)s?\b"
        ),
    ),
    (
        "to a model",
        re.compile(
            r"\b(?:note|notes|message|instructions?|attention|dear|hey|hello|hi|to|for|if you(?:'re|"
            r" are)|reminder|any|all|as)\W+(?:an?\W+|the\W+|to\W+|for\W+|any\W+|whichever\W+|"
            r"automated\W+|virtual\W+|security\W+|triage\W+){0,3}(?:ai|ais|llms?|assistants?|"
            r"chatbots?|bots?|language models?|models?|copilots?|gpt\S*|agents?|summari[sz]ers?)\b"
        ),
    ),
    (
        "called by name",
        re.compile(r"^\W{0,4}(?:ai|llm|assistant|chatbot|bot|copilot|gpt\S*|model|agent)\W*[,:!-]"),
    ),
    (
        "override what was said",
        re.compile(
            r"\b(?:ignor|disregard|forget|overrid|bypass|set aside|discard|do not follow|don't follow|"
            r"stop following|skip|drop)\w*\W+(?:\w+\W+){0,4}(?:instructions?|prompts?|rules|"
            r"guidelines|directions|directives|orders|told|above|restrictions|programming|policy|"
            r"policies|context)\b"
        ),
    ),
    (
        "your own rules",
        re.compile(
            r"\byour\W+(?:\w+\W+){0,2}(?:instructions?|prompt|rules|guidelines|directives?|training|"
            r"restrictions|configuration|context|programming|task|developers?)\b|\bsystem prompt\b"
        ),
    ),
    ("from now on", re.compile(r"\bfrom (?:now on|this point)|you are now|you're now|no longer\b")),
    (
        "no restrictions",
        re.compile(
            r"\b(?:no|without(?: any)?|unrestricted|zero)\W+(?:\w+\W+)?(?:restrictions?|limits?|"
            r"limitations?|filters?|rules|guidelines|censorship|content polic\w+)\b|\b(?:unrestricted|"
            r"unfiltered|uncensored)\b"
        ),
    ),
    (
        "play a part",
        re.compile(
            r"\b(?:act as|pretend|role-?play|imagine|suppose|hypothetical\w*|parallel (?:world|"
            r"universe)|in a world where|let's (?:say|pretend|assume)|developer mode|jailbr\w+|"
            r"system mode|override mode)\b"
        ),
    ),
    (
        "while reading",
        re.compile(
            r"\b(?:when(?:ever)?|before|after|once|while|if)\W+(?:you\W+|the \w+\W+|"
            r"a model\W+)?(?:are\W+)?(?:summari[sz]\w*|answer\w*|respond\w*|reply\w*|process\w*|"
            r"read\w*|asked|quot\w+|analy[sz]\w+|cit\w+)\b"
        ),
    ),
    (
        "not to be told",
        re.compile(
            r"\b(?:do not|don't|never|without)\W+(?:tell\w*|mention\w*|reveal\w*|inform\w*|show\w*|"
            r"say\w*|cit\w+|alert\w*|notify\w*)\b"
        ),
    ),
    (
        "incident response",
        re.compile(
            r"\b(?:incident|emergency|security|irt|csirt|http|server|api|dns|detection|endpoint|"
            r"network|organi[sz]ation\w*|vendor|rapid|managed|active|"
            r"threat)\W+(?:and\W+\w+\W+)?response|response (?:team|plan|process|time|code|status|"
            r"phase|action|procedure|header|activit|effort)\w*"
        ),
    ),
    (
        "told of",
        re.compile(
            r"\b(?:adversar\w+|attackers?|threat actors?|malware|exploit\w*|vulnerabilit\w+|"
            r"could allow|may allow|detects?|group|has (?:used|been))\b"
        ),
    ),
    ("question", re.compile(r"\?\W*$")),
)
