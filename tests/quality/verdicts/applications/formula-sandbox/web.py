import bottle

from sandbox import evaluate


@bottle.post("/evaluate")
def run():
    return {"result": str(evaluate(bottle.request.forms.program, [1, 2, 3]))}


bottle.run(host="0.0.0.0", port=8000)
