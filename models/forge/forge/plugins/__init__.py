"""Stages beside the model itself: an upscaler, a control adapter and LoRAs, each a small file that a server adds to a bundle."""
