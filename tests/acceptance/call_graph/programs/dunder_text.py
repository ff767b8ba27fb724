class Name:
    def __init__(self, n):
        self.n = n
    def __str__(self):
        return self.fmt()
    def __repr__(self):
        return "N"
    def fmt(self):
        return self.n
def main():
    return f"{Name('a')}" + str(Name("b")) + repr(Name("c"))
main()
