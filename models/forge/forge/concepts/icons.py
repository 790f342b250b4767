"""From an emoji's code to its picture: WebP files, and SVG out of Iconify's sets, rendered by rsvg-convert or resvg."""

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from .packages import Package, read

SIDE = 256  # pixels of a sprite
RENDER_SECONDS = 30
RENDERERS = {"rsvg-convert": ("-w", str(SIDE), "-h", str(SIDE)), "resvg": ("-w", str(SIDE), "-h", str(SIDE), "-", "-c")}


def spellings(code: str) -> tuple[str, ...]:
    """How the sets spell a code: with and without the variation selector that asks for colour."""
    code = code.lower()
    return code, code.replace("-fe0f", ""), code + "-fe0f", re.sub(r"^([0-9a-f]+)-200d", r"\1-fe0f-200d", code)


class WebpSet:
    """A package of `assets/CODE.webp`."""

    def __init__(self, package: Package, folder: Path):
        self.package = package
        self.files = read(package, folder, lambda path: path.startswith("assets/") and path.endswith(".webp"))

    def picture(self, code: str) -> Image.Image | None:
        """RGBA, or None where the set has no such emoji."""
        for spelling in spellings(code):
            data = self.files.get(f"assets/{spelling}.webp")
            if data is not None:
                try:
                    return Image.open(io.BytesIO(data)).convert("RGBA")
                except (OSError, UnidentifiedImageError) as error:
                    raise ValueError(f"assets/{spelling}.webp of {self.package.name} is no picture: {error}") from error
        return None


class IconifySet:
    """A package of Iconify's JSON: bodies of SVG by name, names by code."""

    def __init__(self, package: Package, folder: Path, renderer: str):
        found = read(package, folder, lambda path: path in ("icons.json", "chars.json"))
        missing = {"icons.json", "chars.json"} - set(found)
        if missing:
            raise ValueError(f"{package.name} {package.version} holds no {min(missing)}")
        self.package, self.renderer = package, renderer
        self.icons, self.names = json.loads(found["icons.json"]), json.loads(found["chars.json"])

    def svg(self, code: str) -> str | None:
        name = next((self.names[spelling] for spelling in spellings(code) if spelling in self.names), None)
        if name is None:
            return None
        aliases = self.icons.get("aliases", {})
        icon = self.icons["icons"].get(aliases[name]["parent"] if name in aliases else name)
        if icon is None:
            return None
        sizes = {key: icon.get(key, self.icons.get(key, default))
                 for key, default in (("left", 0), ("top", 0), ("width", 16), ("height", 16))}
        box = "{left} {top} {width} {height}".format(**sizes)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}">'
                f'{icon["body"]}</svg>')

    def picture(self, code: str) -> Image.Image | None:
        """RGBA, or None where the set has no such emoji."""
        text = self.svg(code)
        return None if text is None else render(text, self.renderer, f"{code} of {self.package.name}")


def find_renderer() -> str:
    """The path of a program that renders SVG."""
    for name in RENDERERS:
        path = shutil.which(name)
        if path:
            return path
    raise OSError("no program that renders SVG: install rsvg-convert (Debian: librsvg2-bin) or resvg")


def render(svg: str, renderer: str, what: str) -> Image.Image:
    """The SVG, SIDE x SIDE, RGBA; ValueError names `what` does not render."""
    made = subprocess.run([renderer, *RENDERERS[Path(renderer).name]], input=svg.encode(), capture_output=True,
                          timeout=RENDER_SECONDS)
    if made.returncode == 0:
        try:
            return Image.open(io.BytesIO(made.stdout)).convert("RGBA")
        except (OSError, UnidentifiedImageError):
            pass  # named below with what the program said
    said = " ".join(made.stderr.decode(errors="replace").split()) or "nothing"
    raise ValueError(f"the SVG of {what} does not render: {Path(renderer).name} said {said[:200]}")
