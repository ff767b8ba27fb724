handler = None
def install():
    global handler
    handler = real
def real():
    return 1
def main():
    install()
    return handler()
main()
