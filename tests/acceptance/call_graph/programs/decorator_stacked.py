def first(function):
    def run_first(x):
        return function(x)
    return run_first
def second(function):
    def run_second(x):
        return function(x) + 1
    return run_second
@first
@second
def base(x):
    return x
def main():
    return base(1)
main()
