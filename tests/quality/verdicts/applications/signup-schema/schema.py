import colander


class Homepage(colander.MappingSchema):
    title = colander.SchemaNode(colander.String(), validator=colander.Length(max=80))
    address = colander.SchemaNode(colander.String(), validator=colander.url)
