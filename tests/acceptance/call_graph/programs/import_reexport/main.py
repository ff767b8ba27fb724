import pack
from pack import run
run()
pack.Worker().work()
