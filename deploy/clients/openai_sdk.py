"""OpenAI's Python SDK against a running server: `python openai_sdk.py URL [KEY]`.

Needs `pip install openai==3.54.0`. Prints one line per check, and ends with 1 at the first that fails.
"""

import base64
import struct
import sys
import zlib

import openai


def check(name, holds):
    if not holds:
        sys.exit(f"FAILED {name}")
    print(f"ok {name}")


def mask(width, height):
    """A PNG that is transparent in its left half."""
    row = b"\0" + b"\0\0\0\0" * (width // 2) + b"\0\0\0\xff" * (width - width // 2)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    data = zlib.compress(row * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def main(url, key):
    client = openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0)
    print("openai", openai.__version__)

    models = client.models.list().data
    check("models.list", len(models) > 0 and models[0].object == "model")
    check("models.retrieve", client.models.retrieve(models[0].id).id == models[0].id)
    try:
        client.models.retrieve("dall-e-3")
        check("models.retrieve of an unknown model", False)
    except openai.NotFoundError as refusal:
        check("models.retrieve of an unknown model", refusal.code == "model_not_found")

    reply = client.images.generate(
        model="gpt-image-1", prompt="a red house", n=2, size="1024x1024", extra_body={"seed": 7, "steps": 2}
    )
    files = [base64.b64decode(item.b64_json) for item in reply.data]
    check("images.generate, two pictures", len(files) == 2 and all(f.startswith(b"\x89PNG") for f in files))
    check("images.generate, seeds", [item.seed for item in reply.data] == [7, 8])
    check("images.generate, usage", reply.usage.total_tokens == 0)
    check("images.generate, size", reply.size == "1024x1024" and int.from_bytes(files[0][16:20], "big") == 1024)

    jpeg = client.images.generate(prompt="a red house", output_format="jpeg", output_compression=80)
    check("images.generate, jpeg", base64.b64decode(jpeg.data[0].b64_json).startswith(b"\xff\xd8"))

    link = client.images.generate(model="dall-e-3", prompt="a red house", response_format="url").data[0]
    check("images.generate, link", link.url.startswith(url) and link.b64_json is None)

    kinds = [
        (event.type, getattr(event, "partial_image_index", None))
        for event in client.images.generate(
            prompt="a red house", stream=True, partial_images=2, extra_body={"steps": 4}
        )
    ]
    check(
        "images.generate, stream",
        kinds
        == [
            ("image_generation.partial_image", 0),
            ("image_generation.partial_image", 1),
            ("image_generation.completed", None),
        ],
    )

    try:
        client.images.generate(prompt="a red house", n=11)
        check("a wrong value", False)
    except openai.BadRequestError as refusal:
        check("a wrong value", refusal.param == "n" and "[1, 10]" in str(refusal))
    picture = ("a.png", files[0], "image/png")
    edit = client.images.edit(
        model="gpt-image-1", image=picture, prompt="a blue house", n=2, extra_body={"seed": 7, "strength": 0.5}
    )
    check("images.edit", [item.seed for item in edit.data] == [7, 8])
    edit = client.images.edit(image=[picture, picture], prompt="a blue house", response_format="b64_json")
    check("images.edit, many pictures", base64.b64decode(edit.data[0].b64_json).startswith(b"\x89PNG"))
    own = base64.b64decode(client.images.generate(prompt="a red house").data[0].b64_json)
    masked = client.images.edit(
        image=("a.png", own, "image/png"),
        mask=("m.png", mask(int.from_bytes(own[16:20], "big"), int.from_bytes(own[20:24], "big")), "image/png"),
        prompt="a blue house",
    )
    check("images.edit, mask", masked.data[0].b64_json is not None)
    kinds = [
        event.type
        for event in client.images.edit(
            image=picture, prompt="a blue house", stream=True, partial_images=1, extra_body={"steps": 4}
        )
    ]
    check("images.edit, stream", kinds == ["image_edit.partial_image", "image_edit.completed"])
    variation = client.images.create_variation(image=picture, n=2, size="256x256", response_format="b64_json")
    check("images.create_variation", len(variation.data) == 2)
    try:
        client.images.edit(image=("a.png", b"none", "image/png"), prompt="a hat")
        check("a picture that is none", False)
    except openai.BadRequestError as refusal:
        check("a picture that is none", refusal.param == "image")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(sys.argv[1].rstrip("/"), sys.argv[2] if len(sys.argv) == 3 else "none")
