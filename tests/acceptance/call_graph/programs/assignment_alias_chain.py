def real():
    return 1
a = real
b = a
def main():
    c = b
    return c()
main()
