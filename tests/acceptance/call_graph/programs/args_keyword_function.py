def run(*, before, after):
    before()
    after()
def opened():
    return 1
def closed():
    return 2
run(before=opened, after=closed)
