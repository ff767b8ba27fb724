def double(x):
    return x * 2
def keep(x):
    return x > 1
def main():
    return list(map(double, filter(keep, [1, 2])))
main()
