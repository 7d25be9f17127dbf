#!/usr/bin/env python3
"""control_answer.py SOCKET FOLDER - play an analyzer: answer each request on a Unix socket with
the object in FOLDER/CMD-ADDRESS.json, a colon being written as _. Ends after a minute without a request."""
import json
import os
import socket
import sys

path, folder = sys.argv[1:]
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen(8)
server.settimeout(60)
while True:
    try:
        connection, _ = server.accept()
    except socket.timeout:
        sys.exit(0)
    with connection, connection.makefile("rwb") as stream:
        request = json.loads(stream.readline())
        name = "-".join([request["cmd"]] + [str(request[k]) for k in ("address", "after", "request")
                                            if k in request])
        with open(os.path.join(folder, name.replace(":", "_") + ".json"), encoding="utf-8") as answer:
            stream.write(json.dumps(json.load(answer)).encode() + b"\n")
