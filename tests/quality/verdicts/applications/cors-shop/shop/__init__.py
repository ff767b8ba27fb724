from flask import Flask
from flask_cors import CORS


def create_app():
    app = Flask(__name__)
    CORS(
        app,
        resources={
            r"/public/.*": {"origins": "*"},
            r"/private/.*": {"origins": "https://shop.example", "supports_credentials": True},
        },
    )
    from shop import views

    app.register_blueprint(views.blueprint)
    return app
