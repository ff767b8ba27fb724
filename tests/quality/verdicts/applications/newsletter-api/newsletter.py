from flask import Flask
from flask_restx import Api, Resource, inputs, reqparse

app = Flask(__name__)
api = Api(app)
arguments = reqparse.RequestParser()
arguments.add_argument("mail", type=inputs.email(), required=True)


@api.route("/subscribe")
class Subscribe(Resource):
    @api.expect(arguments)
    def post(self):
        return {"subscribed": arguments.parse_args()["mail"]}
