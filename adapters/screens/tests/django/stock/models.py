from django.core.exceptions import ValidationError
from django.db import models


class StockItem(models.Model):
    code = models.CharField(max_length=8, unique=True)
    title = models.CharField(max_length=40)
    quantity = models.PositiveIntegerField()
    unit = models.CharField(max_length=3, choices=[("pcs", "Pieces"), ("kg", "Kilograms")], default="pcs")
    active = models.BooleanField(default=True)
    note = models.TextField(blank=True)

    def clean(self):
        if self.quantity is not None and self.quantity > 9999:
            raise ValidationError({"quantity": "The warehouse holds 9999 at most."})

    def __str__(self):
        return self.code
