def numbers():
    yield first()
    yield 2
def first():
    return 1
def total():
    result = 0
    for n in numbers():
        result += n
    return result
total()
