"""The networks of a MobileDiffusion-style model: text tower, UNet and VAE, and the presets that size them.

May use PyTorch only; knows nothing of scenes, training or files.
"""

from .config import Preset, TextConfig, UNetConfig, VaeConfig
from .copying import Pointers
from .memory import MemoryConfig
from .presets import PRESETS, preset
from .text import TextTower
from .unet import UNet
from .vae import Vae

__all__ = ["PRESETS", "MemoryConfig", "Pointers", "Preset", "TextConfig", "TextTower", "UNet", "UNetConfig", "Vae", "VaeConfig", "preset"]
