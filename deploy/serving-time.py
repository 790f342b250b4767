#!/usr/bin/env python3
"""Shows where the time of a served picture goes, stage by stage, from a running server and a client's clock.

    deploy/serving-time.py [--pictures 60] [--format png|jpeg|webp] URL

URL is http://HOST:PORT. One client asks over one connection, each picture with a seed of its own, after ten that do not count. The stages are
the server's own (the header Server-Timing); "outside" is what is left of the client's clock: HTTP, the
request's JSON, threads, the loopback. The picture itself is asked for (Accept: image/png). Medians, in milliseconds. Python's standard library suffices.
"""

import argparse
import json
import os
import re
import statistics
import sys
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

UNCOUNTED = 10
NETWORKS = ("text_encoder", "unet", "vae_decoder")


def ask(connection, body, accept):
    """The answer's stages in milliseconds, and what the client waited."""
    begin = time.monotonic()
    connection.request("POST", "/v1/images/generations", body, {"Content-Type": "application/json", "Accept": accept})
    answer = connection.getresponse()
    content = answer.read()
    waited = (time.monotonic() - begin) * 1000
    if answer.status != 200:
        sys.exit(f"{answer.status}: {content[:300].decode(errors='replace')}")
    stages = re.findall(r"([a-z_]+);dur=([0-9.]+)", answer.getheader("Server-Timing", ""))
    return {name: float(took) for name, took in stages if name != "total"}, waited, len(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--format", default="png", choices=["png", "jpeg", "webp"])
    given = parser.parse_args()
    place = urlsplit(given.url)
    connection = HTTPConnection(place.hostname, place.port or 80, timeout=120)
    accept = f"image/{given.format}"
    rows, waits, sizes = [], [], []
    for seed in range(UNCOUNTED + given.pictures):
        body = json.dumps({"prompt": "a red house", "seed": seed, "steps": 1, "output_format": given.format})
        stages, waited, size = ask(connection, body, accept)
        if seed >= UNCOUNTED:
            rows.append(stages | {"outside": waited - sum(stages.values())})
            waits.append(waited)
            sizes.append(size)
    networks = statistics.median(sum(row.get(name, 0) for name in NETWORKS) for row in rows)
    waited = statistics.median(waits)
    for name in rows[0]:
        print(f"{name:14} {statistics.median(row.get(name, 0) for row in rows):7.2f} ms")
    print(f"{'networks':14} {networks:7.2f} ms")
    print(f"{'client waits':14} {waited:7.2f} ms, {waited / networks:.3f} of the networks, {waited - networks:.2f} ms more")
    print(f"{given.pictures} answers of {statistics.median(sizes) / 1000:.0f} kB; load average {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
