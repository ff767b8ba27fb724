def walk(tree):
    def visit(node):
        touch(node)
        for child in node:
            visit(child)
    visit(tree)
def touch(node):
    return node
walk([[], [[]]])
