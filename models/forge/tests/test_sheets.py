"""Contact sheets and loss curves."""

import numpy as np
import pytest
from PIL import Image

from forge.sheets import contact_sheet, loss_curves, side_by_side
from forge.training.run import Losses


def test_sheet_has_a_tile_per_picture_row_by_row(tmp_path):
    pictures = np.stack([np.full((16, 16, 3), 40 * index, np.uint8) for index in range(5)])
    contact_sheet(pictures, 3, tmp_path / "new/sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "new/sheet.png"))
    assert sheet.shape == (32, 48, 3)
    assert [int(sheet[8 + 16 * (index // 3), 8 + 16 * (index % 3), 0]) for index in range(5)] == [0, 40, 80, 120, 160]
    assert (sheet[16:, 32:] == 255).all()


def test_sheet_scales_its_tiles(tmp_path):
    contact_sheet(np.full((4, 64, 64, 3), 90, np.uint8), 2, tmp_path / "sheet.png", 24)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (48, 48, 3) and (sheet == 90).all()


def test_pairs_stand_side_by_side():
    left, right = (np.stack([np.full((2, 2, 3), value, np.uint8) for value in values]) for values in ((1, 2, 3), (11, 12, 13)))
    assert side_by_side(left, right)[:, 0, 0, 0].tolist() == [1, 11, 2, 12, 3, 13]


def test_curves_have_a_panel_per_loss(tmp_path):
    log = Losses(tmp_path / "logs/x.csv", every=2)
    for step in range(1, 21):
        log.add(step, 4, 1e-3, flow=1 / step, layout=2 / step)
    loss_curves(log.path, tmp_path / "x.png", width=300, height=100)
    curves = Image.open(tmp_path / "x.png")
    assert curves.size == (300, 200)
    blue = (np.asarray(curves) == (40, 90, 200)).all(axis=2)
    assert blue[:100].sum() > 100 and blue[100:].sum() > 100


def test_losses_are_means_since_the_last_line(tmp_path):
    log = Losses(tmp_path / "x.csv", every=2)
    for step, value in enumerate((1.0, 3.0, 5.0, 5.0), 1):
        log.add(step, 4, 1e-3, loss=value)
    lines = (tmp_path / "x.csv").read_text().split()
    assert lines[0] == "step,learning_rate,samples_per_second,loss"
    assert [line.split(",")[0] for line in lines[1:]] == ["2", "4"]
    assert [float(line.split(",")[-1]) for line in lines[1:]] == [2.0, 5.0]


def test_curves_of_an_empty_log_are_refused(tmp_path):
    (tmp_path / "x.csv").write_text("step,loss\n")
    with pytest.raises(ValueError, match="x.csv has no lines"):
        loss_curves(tmp_path / "x.csv", tmp_path / "x.png")
