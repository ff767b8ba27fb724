def square(x):
    return x * x
def even(x):
    return x % 2 == 0
def run(values):
    return sum(square(v) for v in values if even(v))
run([1, 2, 3])
