class Version:
    def __init__(self, n):
        self.n = n
    def __lt__(self, other):
        return self.key() < other.key()
    def __eq__(self, other):
        return self.key() == other.key()
    def key(self):
        return self.n
Version(1) < Version(2)
Version(1) == Version(1)
sorted([Version(2), Version(1)])
