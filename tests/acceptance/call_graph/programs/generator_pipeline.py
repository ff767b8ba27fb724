def source():
    for n in range(3):
        yield n
def mapped(items, function):
    for item in items:
        yield function(item)
def triple(x):
    return x * 3
def sink(items):
    return max(items)
sink(mapped(source(), triple))
