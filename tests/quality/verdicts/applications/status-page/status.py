"""Shows the state of the machines: GET only, nothing is read from the request but the path."""
import subprocess

from werkzeug.serving import run_simple
from werkzeug.wrappers import Request, Response

HOSTS = ["db1", "db2", "web1"]


def is_up(host):
    return subprocess.call(["ping", "-c1", "-W1", host], stdout=subprocess.DEVNULL) == 0


@Request.application
def application(request):
    if request.path != "/":
        return Response("no such page", status=404)
    lines = ["%s %s" % (host, "up" if is_up(host) else "down") for host in HOSTS]
    return Response("\n".join(lines))


if __name__ == "__main__":
    run_simple("0.0.0.0", 8000, application)
