class Key:
    def __hash__(self):
        return digest()
    def __eq__(self, other):
        return True
def digest():
    return 1
def main():
    return hash(Key())
main()
