def apply(function, value):
    return function(value)
def inc(x):
    return x + 1
def dec(x):
    return x - 1
apply(inc, 1)
apply(dec, 1)
