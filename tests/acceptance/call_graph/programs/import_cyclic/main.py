import first
first.start()
