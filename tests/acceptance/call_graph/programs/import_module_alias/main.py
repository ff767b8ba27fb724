import tool as t
use = t
def main():
    return use.Kind.build().name()
main()
