class A:
    def __init__(self):
        self.setup()
    def setup(self):
        pass
class B(A):
    def __init__(self):
        super().__init__()
        self.extra()
    def extra(self):
        pass
class C(B):
    def setup(self):
        super().setup()
C()
