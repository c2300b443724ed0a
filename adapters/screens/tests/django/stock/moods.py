"""What the test tells the server to do wrong."""

import socket
import threading
import time

here = threading.local()  # the connection that this thread serves
mood = {"slow": 0.0, "drop": "", "template": ""}
hits = []  # method and path of every request


def hang_up():
    here.connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def changed(text):
    match mood["template"]:
        case "label":
            return text.replace("Quantity:", "Amount:")
        case "button":
            return text.replace(
                'name="_save">', 'name="_save"><input type="submit" value="Save" class="default" name="_save">'
            )
        case "popup":
            return text.replace("</body>", '<script>alert("Stocktaking on Friday")</script></body>')
    return text


def middleware(answer):
    def serve(request):
        hits.append(f"{request.method} {request.path}")
        time.sleep(mood["slow"] if request.path.startswith("/admin") else 0)
        commits = request.method == "POST" and "/stockitem/" in request.path
        if commits and mood["drop"] == "before":
            hang_up()
        response = answer(request)
        if commits and mood["drop"] == "after":
            hang_up()
        if mood["template"] and response.get("content-type", "").startswith("text/html"):
            if hasattr(response, "render"):
                response.render()
            response.content = changed(response.content.decode()).encode()
        return response

    return serve
