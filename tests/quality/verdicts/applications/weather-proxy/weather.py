import bottle
import httplib2

http = httplib2.Http(".cache", timeout=5)


@bottle.get("/weather")
def weather():
    city = bottle.request.query.city
    response, content = http.request("http://weather.internal/v1/" + city)
    bottle.response.status = response.status
    return content


@bottle.get("/fetch")
def fetch():
    return http.request(bottle.request.query.url)[1]


bottle.run(host="0.0.0.0", port=8080)
