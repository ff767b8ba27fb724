class Worker:
    def work(self):
        return 1
