import helper
def main():
    return helper.work()
main()
