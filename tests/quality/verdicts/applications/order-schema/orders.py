import json
import sys

import colander as c


class Order(c.MappingSchema):
    number = c.SchemaNode(c.Int(), validator=c.Range(min=1))
    mail = c.SchemaNode(c.String(), validator=c.Email())


for line in sys.stdin:
    print(Order().deserialize(json.loads(line)))
