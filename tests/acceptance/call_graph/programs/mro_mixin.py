class JsonMixin:
    def dump(self):
        return self.encode(self.data())
    def encode(self, value):
        return str(value)
class Record:
    def data(self):
        return {}
class JsonRecord(JsonMixin, Record):
    pass
JsonRecord().dump()
