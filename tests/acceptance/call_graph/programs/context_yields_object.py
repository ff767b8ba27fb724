from contextlib import contextmanager
class Session:
    def query(self):
        return 1
    def close(self):
        return 2
@contextmanager
def session():
    made = Session()
    yield made
    made.close()
with session() as s:
    s.query()
