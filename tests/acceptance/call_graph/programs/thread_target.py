import threading
def work(n):
    return leaf(n)
def leaf(n):
    return n
def main():
    work_thread = threading.Thread(target=work, args=(1,))
    work_thread.run()
main()
