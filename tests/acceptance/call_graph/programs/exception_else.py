def attempt():
    return int("3")
def good(v):
    return v
def bad():
    return 0
def main():
    try:
        v = attempt()
    except ValueError:
        bad()
    else:
        good(v)
main()
