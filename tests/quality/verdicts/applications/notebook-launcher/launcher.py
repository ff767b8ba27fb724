"""An interactive shell in which the title of the window shows the dataset that the user picks."""
import sys

import IPython
from IPython.utils.terminal import set_term_title, toggle_set_term_title


def main(dataset):
    toggle_set_term_title(True)
    set_term_title("dataset: " + dataset)
    IPython.embed(banner1="Dataset " + dataset)


main(sys.argv[1])
