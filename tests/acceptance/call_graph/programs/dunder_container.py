class Bag:
    def __init__(self):
        self.d = {}
    def __getitem__(self, k):
        return self.d[self.norm(k)]
    def __setitem__(self, k, v):
        self.d[self.norm(k)] = v
    def __contains__(self, k):
        return self.norm(k) in self.d
    def __len__(self):
        return len(self.d)
    def norm(self, k):
        return k
b = Bag()
b["a"] = 1
b["a"]
"a" in b
len(b)
