from functools import partial
def power(base, exponent):
    return compute(base, exponent)
def compute(b, e):
    return b ** e
square = partial(power, exponent=2)
square(3)
