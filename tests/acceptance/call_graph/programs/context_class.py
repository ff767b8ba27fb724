class Lock:
    def __enter__(self):
        self.take()
        return self
    def __exit__(self, *details):
        self.give()
    def take(self):
        pass
    def give(self):
        pass
def main():
    with Lock() as lock:
        inside(lock)
def inside(lock):
    return lock
main()
