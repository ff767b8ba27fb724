def inner():
    yield leaf
def outer():
    yield from inner()
def leaf():
    return 1
for found in outer():
    found()
