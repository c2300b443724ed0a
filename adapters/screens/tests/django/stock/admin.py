from django.contrib import admin

from .models import StockItem


@admin.register(StockItem)
class StockItemAdmin(admin.ModelAdmin):
    list_display = ["code", "title", "quantity", "unit", "active"]
    list_per_page = 50
    search_fields = ["=code"]
    ordering = ["code"]
