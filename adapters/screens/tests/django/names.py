"""Asks Chromium for the role and the name of each element [data-t] of a page: the oracle of the web transport's own."""

import json
import os
import re
import subprocess
import sys
import urllib.request

driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
port = next(m[1] for m in (re.search(r"on port (\d+)\.$", line) for line in driver.stdout) if m)


def ask(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/session{path}", data, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return json.load(opener.open(request))["value"]


try:
    args = ["--headless=new"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    options = {"binary": "/usr/bin/chromium", "args": args}
    session = "/" + ask("POST", "", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})["sessionId"]
    try:
        ask("POST", session + "/url", {"url": sys.argv[1]})
        found = ask("POST", session + "/elements", {"using": "css selector", "value": "[data-t]"})
        pairs = []
        for element in found:
            path = f"{session}/element/{next(iter(element.values()))}"
            role = ask("GET", path + "/computedrole")
            pairs.append([role, re.sub(r"\s+", " ", ask("GET", path + "/computedlabel")).strip()])
        print(json.dumps(pairs))
    finally:
        ask("DELETE", session)
finally:
    driver.terminate()
