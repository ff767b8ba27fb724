class Api:
    def get(self):
        return 1
    def put(self):
        return 2
def main():
    return getattr(Api(), "get")()
main()
