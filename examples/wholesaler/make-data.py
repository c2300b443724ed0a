#!/usr/bin/env python3
"""Writes the demo's drop folder: what four little legacy systems of a wholesaler would leave there over night.

The files are committed as they are, bytes and all, so running this is needed only to change them:

    python3 examples/wholesaler/make-data.py

Each file has a few bad records, as real ones have; they are marked BAD below. Everything here is invented.
"""

import pathlib

DROP = pathlib.Path(__file__).resolve().parent / "drop"


def write(name: str, text: str, encoding: str, newline: str = "\r\n") -> None:
    path = DROP / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.replace("\n", newline).encode(encoding))


# --- CRM: customers as CSV in Windows-1252, semicolons, everything there is (a snapshot) ---------------------------
CUSTOMERS = """\
CustNo;Name;Contact;Email;Phone;Type;Region;CreditLimit;Since;Country;Notes
1001;HARBOUR CAFÉ;Maeve O'Brien;maeve@harbourcafe.example;01273 555 0101;R;UK;2,500.00;01/04/2019;GB;pays on the 15th
1002;  SMITH’S BAKERY ;Alan Smith;Alan.Smith@SmithsBakery.example ;01273 555 0102;R;UK;1,200.00;17/06/2020;GB;
1003;BRIGHTON CATERING LTD;Priya Nair;orders@brightoncatering.example;01273 555 0103;T;UK;25,000.00;03/01/2015;GB;“key account”
1004;MÜLLER & SÖHNE;Jürgen Müller;einkauf@mueller-soehne.example;+49 30 5550104;T;EU;18,000.00;22/09/2016;DE;invoice in €
1005;CRÊPERIE BRÉHAT;Anaïs Le Goff;;+33 2 5550105;T;EU;6,000.00;11/11/2021;FR;telephone only
1006;SEÑOR PEPE’S;José Álvarez;jose@senorpepes.example;01273 555 0106;R;UK;900.00;30/05/2022;GB;
1007;NORTH SEA FERRIES PLC;Procurement;purchasing@nsf.example;0191 555 0107;T;UK;60,000.00;08/02/2012;GB;
1008;THE GLASS ONION;Tom Field;tom@glassonion.example;01273 555 0108;R;UK;1,500.00;14/02/2023;GB;
1009;O’LEARY’S;Niamh O’Leary;niamh@olearys.example;+353 1 5550109;T;EU;9,500.00;19/08/2018;IE;
1010;WESTMINSTER CANTEENS;Facilities;canteens@westminster.example;020 7555 0110;T;UK;40,000.00;05/10/2013;GB;
1011;ÅNGSTRÖM KAFÉ;Elin Ångström;elin@angstrom.example;+46 8 5550111;T;EU;4,000.00;28/02/2024;SE;
1012;BETTY’S TEA ROOM;Betty Cooper;betty at bettys.example;01273 555 0112;R;UK;750.00;09/09/2017;GB;
1013;DOVER PIER KIOSK;Sam Reed;sam@doverpier.example;01304 555 0113;R;UK;600.00;31/02/2018;GB;
1014;QUEEN STREET DELI;Olu Adeyemi;olu@queenstreetdeli.example;01273 555 0114;R;UK;1,800.50;12/12/2019;GB;
1015;VAN DIJK HORECA;Femke van Dijk;inkoop@vandijk.example;+31 20 5550115;T;EU;15,000.00;26/03/2017;NL;
1016;LIBERTY DINER INC;Grace Lee;grace@libertydiner.example;+1 212 555 0116;T;ROW;12,000.00;04/07/2020;US;
1017;CORNER.SHOP;Web order;hello@corner.shop.example;;W;UK;300.00;01/02/2026;GB;came in by the new web form
1018;ST MARY’S SCHOOL;Kitchen;kitchen@stmarys.example;01273 555 0118;T;UK;8,000.25;01/09/2014;GB;
1019;FISH; CHIPS & CO;Dave Cod;dave@fishchips.example;01273 555 0119;R;UK;1,000.00;20/07/2021;GB;
1020;PORTO VINHOS;Inês Sousa;ines@portovinhos.example;+351 22 5550120;T;EU;7,500.00;15/05/2019;PT;
1021;MARINA HOTEL;Front desk;desk@marinahotel.example;01273 555 0121;T;UK;20,000.00;10/10/2010;GB;
1021;MARINA HOTEL (OLD);Front desk;desk@marinahotel.example;01273 555 0121;T;UK;10,000.00;10/10/2010;GB;merged 2019?
1022;CLOCKTOWER NEWS;Ravi Patel;ravi@clocktower.example;01273 555 0122;R;UK;;03/03/2016;GB;cash only
1023;;Unknown;;;R;UK;100.00;01/01/2000;GB;please clean up
1024;HOVE FARM SHOP;Kate Wood;kate@hovefarm.example;01273 555 0124;R;UK;2,200.00;23/04/2018;GB;
"""
# 1012 BAD e-mail: the field stays empty with a warning, the customer arrives.
# 1013 BAD date · 1017 BAD category (the tour mends it) · 1019 BAD: a bare delimiter in the name
# 1021 BAD: one key twice, so both are refused · 1023 BAD: no name

COUNTRIES = """\
Code,Name
DE,Germany
FR,France
GB,United Kingdom
IE,Ireland
NL,Netherlands
PT,Portugal
SE,Sweden
US,United States
"""

# --- Warehouse: products and stock in fixed columns, code page 850, a trailer with the count ------------------------
#        SKU        description (30)                unit   bin      qty  reorder  cost  counted
PRODUCTS = [
    ("HW000101", "ESPRESSO BEANS DARK 1KG", "EACH", "A01-01", "120", "40", "745", "20260227"),
    ("HW000102", "ESPRESSO BEANS DECAF 1KG", "EACH", "A01-02", "35", "20", "795", "20260227"),
    ("HW000103", "FILTER COFFEE GROUND 500G", "EACH", "A01-03", "210", "60", "385", "20260227"),
    ("HW000110", "ENGLISH BREAKFAST TEA 1000", "CASE", "A02-01", "64", "20", "1890", "20260226"),
    ("HW000111", "GREEN TEA 250", "CASE", "A02-02", "0", "10", "1120", "20260226"),
    ("HW000120", "CAFÉ CUP PORCELAIN 18CL", "EACH", "B01-01", "480", "100", "210", "20260225"),
    ("HW000121", "CAFÉ SAUCER PORCELAIN", "EACH", "B01-02", "470", "100", "130", "20260225"),
    ("HW000122", "LATTE GLASS 35CL", "EACH", "B01-03", "144", "48", "175", "20260225"),
    ("HW000130", "PAPER CUP ½ PINT 1000", "CASE", "B02-01", "88", "30", "3150", "00000000"),
    ("HW000131", "PAPER CUP LID 1000", "CASE", "B02-02", "91", "30", "1475", "00000000"),
    ("HW000140", "SUGAR STICKS DEMERARA 1000", "CASE", "C01-01", "52", "15", "990", "20260220"),
    ("HW000141", "SUGAR STICKS WHITE 1000", "CASE", "C01-02", "77", "15", "890", "20260220"),
    ("HW000150", "SMØRREBRØD RYE BREAD 1KG", "EACH", "C02-01", "18", "25", "265", "20260301"),
    ("HW000151", "CRÊPE MIX 5KG", "EACH", "C02-02", "41", "12", "1240", "20260228"),
    ("HW000160", "OLIVE OIL EXTRA VIRGIN 5L", "EACH", "C03-01", "66", "24", "3420", "20260228"),
    ("HW000161", "SUNFLOWER OIL 10L", "EACH", "C03-02", "12O", "24", "2180", "20260228"),  # BAD: a letter O
    ("HW000170", "PASTA PENNE 5KG", "EACH", "C04-01", "93", "30", "720", "20260228"),
    ("HW000171", "ARBORIO RICE 5KG", "EACH", "C04-02", "57", "20", "1310", "20260228"),
    ("HW000180", "NAPKINS 2PLY WHITE 2000", "CASE", "D01-01", "39", "10", "2260", "20260215"),
    ("HW000181", "NAPKINS 2PLY RED 2000", "CASE", "D01-02", "8", "10", "2390", "20260215"),
    ("HW000190", "DISHWASHER TABLETS 100", "EACH", "D02-01", "150", "50", "1099", "20260215"),
    ("HW000191", "DEGREASER 5L", "EACH", "D02-02", "44", "15", "845", "20260230"),  # a day that never was: no date
    ("HW000192", "CLINGFILM £ SAVER 30CM", "EACH", "D02-03", "71", "25", "410", "20260215"),
]


def stock() -> str:
    lines = [
        "P" + sku + text.ljust(30) + unit.ljust(4) + bin_ + qty.rjust(6) + reorder.rjust(6) + cost.rjust(8) + counted
        for sku, text, unit, bin_, qty, reorder, cost, counted in PRODUCTS
    ]
    lines.insert(9, "PHW000132PAPER STRAW")  # BAD: the terminal hung up half way through the record
    lines.append("T" + str(len(lines)).rjust(6, "0"))
    return "\n".join(lines) + "\n"


# --- Supplier: an XML catalogue with prices and attributes ----------------------------------------------------------
#        supplier's number, our stock code, name, price GBP, price EUR, width height depth (mm), tags
CATALOGUE = [
    ("BV-7001", "HW000101", "Espresso Beans, Dark Roast", "11.95", "13.90", (120, 320, 80), ["coffee", "fairtrade"]),
    ("BV-7002", "HW000102", "Espresso Beans, Decaffeinated", "12.75", "14.80", (120, 320, 80), ["coffee", "decaf"]),
    ("BV-7003", "HW000103", "Filter Coffee, Ground", "6.40", "7.45", (90, 240, 70), ["coffee"]),
    ("BV-7010", "HW000110", "English Breakfast Tea Bags", "29.50", "34.20", (400, 300, 300), ["tea"]),
    ("BV-7011", "HW000111", "Green Tea Bags", "18.20", "21.15", (300, 200, 200), ["tea", "organic"]),
    ("BV-7015", "HW000115", "Rooibos Tea Bags", "16.80", "19.50", (300, 200, 200), ["tea", "organic"]),  # not stocked: held
    ("PC-2101", "HW000120", "Porcelain Cup 18 cl", "3.60", "4.20", (85, 60, 85), ["crockery"]),
    ("PC-2102", "HW000121", "Porcelain Saucer", "2.25", "2.60", (150, 20, 150), ["crockery"]),
    ("PC-2110", "HW000122", "Latte Glass 35 cl", "2.95", "3.45", (80, 140, 80), ["crockery", "glass"]),
    ("PK-0501", "HW000130", "Paper Cup, Half Pint", "49.00", "56.90", (600, 400, 400), ["packaging", "recyclable"]),
    ("PK-0502", "HW000131", "Paper Cup Lid", "22.50", "26.10", (600, 400, 300), ["packaging"]),
    ("GR-3001", "HW000140", "Demerara Sugar Sticks", "15.40", "17.90", (300, 200, 150), ["sugar"]),
    ("GR-3002", "HW000141", "White Sugar Sticks", "13.60", "15.80", (300, 200, 150), ["sugar"]),
    ("GR-3110", "HW000151", "Crêpe Mix", "19.90", "23.10", (250, 400, 120), ["bakery"]),
    ("GR-3201", "HW000160", "Extra Virgin Olive Oil", "POA", "POA", (180, 320, 150), ["oil", "organic"]),  # BAD price
    ("GR-3301", "HW000170", "Penne Rigate", "11.20", "13.00", (250, 380, 120), ["pasta"]),
    ("GR-3302", "HW000171", "Arborio Rice", "20.90", "24.30", (250, 380, 120), ["rice"]),
    ("CL-9001", "HW000190", "Dishwasher Tablets", "17.99", "20.90", (200, 260, 140), ["cleaning"]),
    ("CL-9002", "HW000191", "Degreaser", "13.75", "15.95", (180, 300, 140), ["cleaning", "hazard"]),
]


def catalogue() -> str:
    out = ['<?xml version="1.0" encoding="UTF-8"?>', '<catalogue xmlns="urn:example:bramwell:catalogue" issued="2026-02-27">']
    for number, code, name, gbp, eur, (w, h, d), tags in CATALOGUE:
        out.append(f'  <item sku="{number}" stock-code="{code}">')
        out.append(f"    <name>{name}</name>")
        out.append(f'    <prices><price cur="EUR">{eur}</price><price cur="GBP">{gbp}</price></prices>')
        out.append(f'    <size unit="mm"><w>{w}</w><h>{h}</h><d>{d}</d></size>')
        out.extend(f"    <tag>{tag}</tag>" for tag in tags)
        out.append("  </item>")
    out.append("</catalogue>")
    return "\n".join(out) + "\n"


# --- Order entry: one file a day, two record types (H: an order, L: its lines), fixed columns -----------------------
ORDERS = {
    "20260302": [
        ("00050001", "1001", "20260302", "S", "TABLE 5", [("HW000101", 6, 1195), ("HW000120", 24, 360), ("HW000121", 24, 225)]),
        ("00050002", "1003", "20260302", "S", "PO 88112", [("HW000130", 4, 4900), ("HW000131", 4, 2250)]),
        ("00050003", "1004", "20260302", "S", "BEST. 4711", [("HW000101", 20, 1150), ("HW000103", 40, 610)]),
        ("00050004", "1017", "20260302", "O", "WEB-1", [("HW000110", 1, 2950)]),
        ("00050005", "1007", "20260302", "S", "NSF/26/0031", [("HW000170", 30, 1120), ("HW000171", 10, 2090), ("HW000160", 12, 4995)]),
        ("00050006", "1010", "20260302", "O", "", [("HW000190", 20, 1799), ("HW000191", 10, 1375)]),
    ],
    "20260303": [
        ("00050004", "1017", "20260302", "S", "WEB-1", [("HW000110", 1, 2950)]),  # shipped the day after
        ("00050007", "1009", "20260303", "O", "", [("HW000102", 8, 1275), ("HW000122", 48, 295)]),
        ("00050008", "1002", "20260303", "Q", "QUOTE?", [("HW000151", 2, 1990)]),  # BAD: no such status
        ("00050009", "1003", "20260303", "O", "PO 88140", [("HW000999", 5, 100), ("HW000140", 3, 1540)]),  # a product nobody knows
        ("00050010", "1015", "20260303", "C", "INKOOP 9", [("HW000180", 2, 3650)]),
        ("00050011", "1001", "20260303", "O", "TABLE 5", [("HW000103", 10, 640), ("HW000141", 1, 1360)]),
    ],
}


def orders(day: str) -> str:
    out = []
    for number, customer, ordered, status, reference, lines in ORDERS[day]:
        out.append(("H" + number + customer.rjust(6, "0") + ordered + status + reference.ljust(20)).rstrip())
        out.extend("L" + sku + str(qty).rjust(5, "0") + str(price).rjust(9, "0") for sku, qty, price in lines)
    if day == "20260303":
        out.insert(1 + len(ORDERS[day][0][5]), "M00050004PLEASE RING FIRST")  # BAD: a record type nobody told us of
    return "\n".join(out) + "\n"


# --- Mailing tool: JSON lines, what changed -------------------------------------------------------------------------
MAILING = """\
{"op":"set","customer":1001,"newsletter":true,"channel":{"address":"maeve@harbourcafe.example"},"at":"2026-02-14T09:31:00Z"}
{"op":"set","customer":1002,"newsletter":true,"channel":{"address":"alan.smith@smithsbakery.example"},"at":"2026-02-14T09:33:20Z"}
{"op":"set","customer":1005,"newsletter":true,"channel":{"address":"anais@creperie-brehat.example"},"at":"2026-02-15T17:02:11Z"}
{"op":"set","customer":1007,"newsletter":false,"channel":{"address":"purchasing@nsf.example"},"at":"2026-02-16T08:00:00Z"}
{"op":"set","customer":1099,"newsletter":true,"channel":{"address":"new@prospect.example"},"at":"2026-02-17T12:45:09Z"}
{"op":"set","customer":1008,"newsletter":true,"channel":{"address":"tom@glassonion.example"
{"op":"removed","customer":1002,"newsletter":null,"channel":null,"at":"2026-02-20T10:10:10Z"}
{"op":"set","customer":1024,"newsletter":true,"channel":{"address":"kate@hovefarm.example"},"at":"2026-02-21T19:20:00Z"}
"""
# 1099 is a customer nobody knows yet: held until it arrives. The line of 1008 is cut off: BAD.


def main() -> None:
    write("crm/customers_20260301.csv", CUSTOMERS, "cp1252")
    write("crm/countries.csv", COUNTRIES, "utf-8", "\n")
    write("warehouse/STOCK.TXT", stock(), "cp850")
    write("supplier/catalogue.xml", catalogue(), "utf-8", "\n")
    for day in ORDERS:
        write(f"sales/orders_{day}.dat", orders(day), "cp850")
    write("mailing/changes_20260222.jsonl", MAILING, "utf-8", "\n")


if __name__ == "__main__":
    main()
