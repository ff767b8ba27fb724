def alpha():
    return 1
def main(name):
    return globals()[name]()
main("alpha")
