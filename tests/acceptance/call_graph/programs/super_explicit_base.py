class Base:
    def close(self):
        return done()
class Sub(Base):
    def close(self):
        return Base.close(self)
def done():
    return 1
Sub().close()
