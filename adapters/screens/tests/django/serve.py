"""Django's admin over a stock of items, for the tests of the web transport.

serve.py DATABASE: serves on a free port of the loopback and says which. Then takes commands from standard input, one a line,
and answers each with a line; ends when there are no more.
"""

import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from django.conf import settings

settings.configure(
    SECRET_KEY="known to every reader of this file",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="stock.urls",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "stock",
    ],
    MIDDLEWARE=[
        "stock.moods.middleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1], "OPTIONS": {"timeout": 20}}},
    STATIC_URL="/static/",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    LOGGING_CONFIG=None,
)

import django

django.setup()

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from stock import moods
from stock.models import StockItem


class Handler(WSGIRequestHandler):
    def handle(self):
        moods.here.connection = self.connection
        super().handle()

    def log_message(self, *_):
        pass


class Server(ThreadedWSGIServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def fill():
    call_command("migrate", run_syncdb=True, verbosity=0)
    get_user_model().objects.create_superuser("clerk", "", "Kräuter & Tee")
    StockItem.objects.bulk_create(
        StockItem(
            code=f"A{n:04}",
            title="Žluťoučký kůň, 3\u00a0%" if n == 7 else f"Item <{n}>",
            quantity=n * 3,
            unit="kg" if n % 10 == 0 else "pcs",
            active=n % 4 != 0,
        )
        for n in range(1, 121)
    )


def command(line):
    word, _, rest = line.strip().partition(" ")
    match word:
        case "mood":
            name, _, value = rest.partition("=")
            moods.mood[name] = float(value) if name == "slow" else value
            return "ok"
        case "expire":
            return str(Session.objects.all().delete()[0])
        case "hits":
            return str(sum(1 for hit in moods.hits if hit.startswith(rest)))
        case "item":
            item = StockItem.objects.filter(code=rest).first()
            return f"{item.title}|{item.quantity}|{item.unit}|{item.active}" if item else "none"
        case "exit":
            os._exit(0)
    return "what?"


if __name__ == "__main__":
    fill()
    server = Server(("127.0.0.1", 0), Handler)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    for line in sys.stdin:
        print(command(line), flush=True)
    os._exit(0)
