"""From drawn scenes, or one's own pictures, to trained networks: data, stages, checkpoints.

May use `architecture`, `scenes` and `tokens`; knows nothing of export or evaluation.
"""
