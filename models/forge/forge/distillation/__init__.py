"""From the multi-step teacher to few steps: eight, then one; and a decoder that suits them.

May use everything in `training`, the sampler and the evaluation; only the command line uses it.
"""
