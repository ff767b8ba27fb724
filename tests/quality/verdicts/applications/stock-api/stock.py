from flask import Flask
from flask_restx import Api, Resource, inputs, reqparse

api = Api(Flask(__name__))
parser = reqparse.RequestParser()
parser.add_argument("low", type=inputs.natural, default=0)
parser.add_argument("all", type=inputs.boolean, default=False)


@api.route("/stock")
class Stock(Resource):
    def get(self):
        return dict(parser.parse_args())
