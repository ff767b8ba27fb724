def show(x):
    return x
calls = [lambda n=n: show(n) for n in range(2)]
for call in calls:
    call()
