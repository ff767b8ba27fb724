"""`python -m icelos`, as the command `icelos`."""

from icelos.cli.main import main

main()
