import bottle

from sync.transfer import Partner

partner = Partner()


@bottle.post("/announce")
def announce():
    catalogue = partner.catalogue(bottle.request.json["catalogue"])
    return {"items": len(catalogue.get("items", []))}


application = bottle.default_app()
