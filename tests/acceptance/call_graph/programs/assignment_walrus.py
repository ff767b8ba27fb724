def make():
    return act
def act():
    return 1
def main():
    if (f := make()) is not None:
        f()
main()
