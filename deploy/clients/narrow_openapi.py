"""Writes a server's /openapi.json with small bounds for what is expensive: `python narrow_openapi.py URL FILE`.

Valid requests then draw small pictures in few steps, and texts are short and free of patterns, which the fuzzer is slow to
follow; so many requests fit into minutes. The two paths that answer 501 by design are left out, since a fuzzer takes any
5xx for a fault.
"""

import json
import sys
import urllib.request

NOT_THERE_YET = ["/v1/images/edits", "/sdapi/v1/img2img"]
MAXIMA = {
    "GenerationRequest": {"n": 2, "steps": 4},
    "SdTextToImage": {"batch_size": 2, "n_iter": 2, "steps": 4, "width": 128, "height": 128, "hr_scale": 2},
}


def shorten(node):
    """Texts of at most 40 characters, without a pattern to follow."""
    if isinstance(node, list):
        for each in node:
            shorten(each)
    elif isinstance(node, dict):
        if node.get("type") == "string" or (isinstance(node.get("type"), list) and "string" in node["type"]):
            node.pop("pattern", None)
            if "enum" not in node:
                node["maxLength"] = 40
        for each in node.values():
            shorten(each)


def main(url, file):
    with urllib.request.urlopen(url + "/openapi.json") as reply:
        description = json.load(reply)
    for path in NOT_THERE_YET:
        del description["paths"][path]
    schemas = description["components"]["schemas"]
    for name, maxima in MAXIMA.items():
        for field, maximum in maxima.items():
            schemas[name]["properties"][field]["maximum"] = maximum
    for field in ("hr_resize_x", "hr_resize_y"):
        schemas["SdTextToImage"]["properties"][field]["maximum"] = 128
    schemas["GenerationRequest"]["properties"]["size"] = {"enum": ["auto", "64x64", "128x96", "16x80", None]}
    shorten(description)
    with open(file, "w", encoding="utf-8") as out:
        json.dump(description, out)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1].rstrip("/"), sys.argv[2])
