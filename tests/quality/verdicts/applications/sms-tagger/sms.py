"""Tags short messages that come from the gateway by HTTP."""
import bottle
import nltk

LIMIT = 480


@bottle.post("/sms")
def sms():
    text = bottle.request.forms.get("body", "")
    if len(text) > LIMIT:
        bottle.abort(413, "a message has at most %d characters" % LIMIT)
    return {"tokens": nltk.word_tokenize(text)}


bottle.run(host="0.0.0.0", port=9000)
