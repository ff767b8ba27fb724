def main():
    from lazy import act
    return act()
main()
