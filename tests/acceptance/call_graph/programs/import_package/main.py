import pack.tools.text
from pack import maths
pack.tools.text.clean("a")
maths.add(1, 2)
