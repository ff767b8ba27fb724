import bottle

from analyser.checkout import Checkout


@bottle.post("/authors")
def authors():
    form = bottle.request.forms
    with Checkout(form.repository) as repository:
        commit = repository.commit(form.revision or "HEAD")
        return {"authors": sorted({one.author.name for one in commit.iter_parents()})}


bottle.run(host="0.0.0.0", port=8080)
