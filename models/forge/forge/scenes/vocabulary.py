"""The closed sets of names that scenes are made of."""

PLACES: tuple[str, ...] = (
    "sea", "desert", "meadow", "snow", "mountains", "snowy mountains", "city", "forest",
)
TIMES: tuple[str, ...] = ("dawn", "day", "sunset", "night")
SKIES: tuple[str, ...] = ("sun", "moon", "stars", "clouds", "rainbow", "rain", "snowfall")
KINDS: tuple[str, ...] = (
    "house", "tree", "pine", "boat", "car", "hot-air balloon", "rocket", "cat", "dog", "fish",
    "bird", "flower", "mushroom", "lighthouse", "star", "heart", "ball", "apple", "snowman", "tent",
)
COLOURS: tuple[str, ...] = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey",
)
SIZES: tuple[str, ...] = ("small", "plain", "big")
SIDES: tuple[str, ...] = ("left", "middle", "right")
COUNTS: tuple[str, ...] = ("one", "two", "three")

FLYING_KINDS: frozenset[str] = frozenset({"hot-air balloon", "rocket", "bird", "star", "heart"})
"""Kinds that are drawn in the sky; every other kind stands on the ground or the water."""
