class Holder:
    pass
def act():
    return 1
def main():
    h = Holder()
    setattr(h, "action", act)
    return h.action()
main()
