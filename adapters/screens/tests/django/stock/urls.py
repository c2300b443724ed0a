from pathlib import Path

from django.contrib import admin
from django.http import Http404, HttpResponse
from django.urls import path

PAGES = Path(__file__).resolve().parent.parent / "pages"


def page(request, name):
    file = PAGES / f"{name}.html"
    if not name.isalnum() or not file.is_file():
        raise Http404
    return HttpResponse(file.read_text().replace("{{other}}", request.GET.get("other", "")))


urlpatterns = [path("admin/", admin.site.urls), path("page/<str:name>", page)]
