class Query:
    def __init__(self):
        self.parts = []
    def where(self, part):
        self.parts.append(self.clean(part))
        return self
    def clean(self, part):
        return part.strip()
    def all(self):
        return list(self.parts)
Query().where("a").where("b").all()
