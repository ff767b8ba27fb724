"""Anyone may ask for the tags of a text."""
from collections import Counter

import bottle

from tagger.text import words


@bottle.post("/tags")
def tags():
    return dict(Counter(words(bottle.request.forms.text)).most_common(5))


bottle.run(host="0.0.0.0")
