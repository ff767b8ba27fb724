def a():
    return 1
def b():
    return 2
chain = [a]
chain.append(b)
def run():
    for index in range(len(chain)):
        chain[index]()
run()
