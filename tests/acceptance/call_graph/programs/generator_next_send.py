def echo():
    received = yield
    while True:
        received = yield handle(received)
def handle(value):
    return value
def drive():
    g = echo()
    next(g)
    return g.send(4)
drive()
