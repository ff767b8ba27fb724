def weight(x):
    return x
def main(values):
    return sorted(values, key=lambda v: weight(v))
main([2, 1])
