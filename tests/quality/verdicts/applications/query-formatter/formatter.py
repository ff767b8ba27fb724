"""POST /format with SQL: pretty-printed, comments removed where asked for."""
import bottle
import sqlparse

OPTIONS = {"reindent": True, "keyword_case": "upper", "strip_comments": True}


@bottle.post("/format")
def pretty():
    bottle.response.content_type = "text/plain"
    return sqlparse.format(bottle.request.body.read().decode(), **OPTIONS)


bottle.run(server="wsgiref", host="0.0.0.0")
