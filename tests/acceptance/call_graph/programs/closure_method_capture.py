class Server:
    def handler(self):
        def handle(request):
            return self.respond(request)
        return handle
    def respond(self, request):
        return request
Server().handler()("r")
