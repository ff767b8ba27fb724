"""The month in the visitor's language."""
from datetime import date

import bottle
from babel import Locale
from babel.dates import format_date

START_PAGE = Locale("en")


@bottle.get("/")
def start():
    return format_date(date.today(), locale=START_PAGE)


@bottle.get("/month")
def month():
    locale = Locale(bottle.request.query.lang or "en")
    return locale.months["format"]["wide"][date.today().month]


bottle.run(host="0.0.0.0")
