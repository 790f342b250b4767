"""Contact sheets of pictures and curves of losses, as PNG files."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw


def contact_sheet(pictures: np.ndarray, columns: int, path: Path, edge: int | None = None) -> None:
    """pictures (N, H, W, 3) uint8 → one PNG, `edge` pixels per picture, row by row."""
    edge = edge or pictures.shape[1]
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * edge, rows * edge), "white")
    for index, picture in enumerate(pictures):
        tile = Image.fromarray(picture)
        if tile.width != edge:
            tile = tile.resize((edge, edge), Image.Resampling.LANCZOS)
        sheet.paste(tile, (index % columns * edge, index // columns * edge))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, optimize=True)


def side_by_side(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two times (N, H, W, 3) → (2N, H, W, 3): each of the left's pictures, then the right's of the same number."""
    return np.stack([left, right], axis=1).reshape(-1, *left.shape[1:])


def loss_curves(log: Path, path: Path, width: int = 720, height: int = 200) -> None:
    """Draws each column of a stage's CSV log over its steps, one panel each, clipped at the 2nd and 98th percentile."""
    with log.open() as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f"{log} has no lines")
    names = [name for name in rows[0] if name not in ("step", "learning_rate", "samples_per_second")]
    steps = np.array([int(row["step"]) for row in rows])
    picture = Image.new("RGB", (width, height * len(names)), "white")
    draw = ImageDraw.Draw(picture)
    for panel, name in enumerate(names):
        values = np.array([float(row[name] or "nan") for row in rows])
        top = panel * height
        valid = np.isfinite(values)
        if not valid.any():
            continue
        low, high = np.nanpercentile(values, [2, 98])
        span = max(high - low, 1e-9)
        x = 60 + (steps - steps[0]) / max(1, steps[-1] - steps[0]) * (width - 80)
        y = top + 30 + (1 - np.clip((values - low) / span, -0.05, 1.05)) * (height - 60)
        draw.line([(a, b) for a, b, ok in zip(x, y, valid) if ok], fill=(40, 90, 200), width=2)
        draw.text((62, top + 8), f"{name}, steps {steps[0]} to {steps[-1]}", fill="black")
        draw.text((4, top + 24), f"{high:.3g}", fill="gray")
        draw.text((4, top + height - 40), f"{low:.3g}", fill="gray")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
