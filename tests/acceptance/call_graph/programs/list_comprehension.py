def load(x):
    return x
def wanted(x):
    return x > 1
def main():
    return [load(x) for x in [1, 2, 3] if wanted(x)]
main()
