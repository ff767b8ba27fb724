from ._impl import *
from ._worker import Worker
