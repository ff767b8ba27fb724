"""The opening hours, as JSON."""
import json


def application(environ, start_response):
    body = json.dumps({"mon": "9-17", "sat": "10-14"}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    from waitress import serve

    serve(application, host="0.0.0.0", port=8080)
