class Single:
    made = None
    def __new__(cls):
        if cls.made is None:
            cls.made = super().__new__(cls)
            cls.made.prepare()
        return cls.made
    def prepare(self):
        pass
Single()
Single()
