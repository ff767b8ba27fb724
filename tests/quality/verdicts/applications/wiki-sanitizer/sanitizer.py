"""Profiles of what users may write, by the kind of page."""
import bleach

BASIC = ["p", "br", "a", "b", "i"]
PROFILES = {
    "comment": dict(tags=BASIC, attributes={"a": ["href"]}),
    "article": dict(
        tags=BASIC + ["svg", "math", "style", "title", "noscript"],
        attributes={"a": ["href"], "p": ["style"]},
        styles=["color", "font-family"],
        strip_comments=False,
    ),
}


def clean(kind, text):
    return bleach.clean(text, **PROFILES[kind])
