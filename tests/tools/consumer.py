"""Lists customers with the generated Python client, page by page. Arguments: the facade's address."""

import sys

from banyan_client import Client
from banyan_client.api.customers import list_customers
from banyan_client.models import CustomerPage

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)
names: list[str] = []
cursor: dict[str, str] = {}
while True:
    page = list_customers.sync(client=client, limit=7, **cursor)
    assert isinstance(page, CustomerPage), page
    names.extend(customer.name for customer in page.items)
    if not page.next_:
        break
    cursor = {"cursor": page.next_}
assert len(names) == 19, (len(names), names)
assert "Müller & Söhne" in names, names
print(len(names), "customers:", ", ".join(names[:3]), "…")
