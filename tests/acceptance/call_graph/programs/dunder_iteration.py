class Range:
    def __init__(self, n):
        self.n = n
        self.i = 0
    def __iter__(self):
        return self
    def __next__(self):
        if self.i >= self.n:
            raise StopIteration
        self.i += 1
        return step(self.i)
def step(i):
    return i
def main():
    return [x for x in Range(3)]
main()
