class Kind:
    @classmethod
    def build(cls):
        return cls()
    def name(self):
        return "k"
