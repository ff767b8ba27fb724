def produce():
    yield make()
def make():
    return 1
def consume(items):
    return list(items)
def main():
    return consume(produce())
main()
