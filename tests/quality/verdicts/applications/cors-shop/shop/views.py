from flask import Blueprint, jsonify

blueprint = Blueprint("views", __name__)


@blueprint.route("/public/<path:name>")
def public(name):
    return jsonify(name=name)


@blueprint.route("/private/orders")
def orders():
    return jsonify(orders=[])
