from flask import Flask, jsonify, request
from sqlalchemy import func

from staff.model import Person, Session

app = Flask(__name__)


@app.route("/people")
def people():
    query = Session().query(Person).order_by(request.args.get("sort", "name"))
    return jsonify([person.name for person in query])


@app.route("/count")
def count():
    by = request.args.get("by", "room")
    rows = Session().query(func.count(Person.id)).group_by(by)
    return jsonify([number for (number,) in rows])
