"""The words that captions choose from. Repeated entries are said more often."""

from __future__ import annotations

KIND_WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    "house": (("house", "houses"), ("house", "houses"), ("cottage", "cottages"), ("home", "homes")),
    "tree": (("tree", "trees"),),
    "pine": (("pine", "pines"), ("pine tree", "pine trees"), ("pine tree", "pine trees"), ("fir", "firs"),
             ("fir tree", "fir trees")),
    "boat": (("boat", "boats"), ("boat", "boats"), ("sailboat", "sailboats"), ("ship", "ships")),
    "car": (("car", "cars"), ("car", "cars"), ("automobile", "automobiles")),
    "hot-air balloon": (("hot-air balloon", "hot-air balloons"), ("hot-air balloon", "hot-air balloons"),
                        ("balloon", "balloons"), ("hot air balloon", "hot air balloons")),
    "rocket": (("rocket", "rockets"), ("rocket", "rockets"), ("spaceship", "spaceships")),
    "cat": (("cat", "cats"), ("cat", "cats"), ("kitty", "kitties")),
    "dog": (("dog", "dogs"), ("dog", "dogs"), ("puppy", "puppies")),
    "fish": (("fish", "fish"),),
    "bird": (("bird", "birds"),),
    "flower": (("flower", "flowers"), ("flower", "flowers"), ("blossom", "blossoms")),
    "mushroom": (("mushroom", "mushrooms"), ("mushroom", "mushrooms"), ("toadstool", "toadstools")),
    "lighthouse": (("lighthouse", "lighthouses"),),
    "star": (("star", "stars"),),
    "heart": (("heart", "hearts"),),
    "ball": (("ball", "balls"), ("ball", "balls"), ("beach ball", "beach balls")),
    "apple": (("apple", "apples"),),
    "snowman": (("snowman", "snowmen"),),
    "tent": (("tent", "tents"),),
}
"""(singular, plural) nouns by kind."""

COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red",), "orange": ("orange",), "yellow": ("yellow",), "green": ("green",), "blue": ("blue",),
    "purple": ("purple", "purple", "violet"), "pink": ("pink",), "brown": ("brown",), "black": ("black",),
    "white": ("white",), "grey": ("grey", "gray"),
}
SIZE_WORDS: dict[str, tuple[str, ...]] = {
    "small": ("small", "small", "little", "tiny"),
    "plain": ("",),
    "big": ("big", "big", "large", "huge"),
}
COUNT_WORDS: dict[int, tuple[str, ...]] = {
    2: ("two", "two", "two", "a pair of"),
    3: ("three",),
}
SIDE_PHRASES: dict[str, tuple[str, ...]] = {
    "left": ("on the left", "on the left", "on the left side", "at left"),
    "middle": ("in the middle", "in the middle", "in the centre", "in the center"),
    "right": ("on the right", "on the right", "on the right side", "at right"),
}
SIDE_OF: dict[str, tuple[str, ...]] = {
    "left": ("on the left of", "on the left side of"),
    "middle": ("in the middle of", "in the centre of"),
    "right": ("on the right of", "on the right side of"),
}
"""Forms that a place noun follows."""

PLACE_PHRASES: dict[str, tuple[str, ...]] = {
    "sea": ("by the sea", "on the sea", "at sea", "by the ocean", "on the ocean", "on the water"),
    "desert": ("in the desert", "in the desert", "in a desert", "in the dunes", "on the sand"),
    "meadow": ("in a meadow", "in the meadow", "on a meadow", "in a field", "in the field", "on the grass",
               "in the green hills"),
    "snow": ("in the snow", "in the snow", "on the snow", "in a snowy field", "in winter"),
    "mountains": ("in the mountains", "in the mountains", "by the mountains", "in front of mountains",
                  "under the peaks"),
    "snowy mountains": ("in the snowy mountains", "in the snowy mountains", "by the snowy mountains",
                        "in front of snowy mountains", "under snow-capped peaks", "in snow-capped mountains"),
    "city": ("in the city", "in the city", "in a city", "in town", "in front of a skyline", "on a city street"),
    "forest": ("in the forest", "in the forest", "in a forest", "in the woods", "by the woods"),
}
PLACE_NOUNS: dict[str, tuple[str, ...]] = {
    "sea": ("the sea", "the ocean", "the water"),
    "desert": ("the desert", "a desert", "the dunes"),
    "meadow": ("a meadow", "the meadow", "a field", "green hills"),
    "snow": ("the snow", "a snowy field"),
    "mountains": ("the mountains", "mountains"),
    "snowy mountains": ("the snowy mountains", "snowy mountains", "snow-capped peaks"),
    "city": ("the city", "a city", "a city skyline"),
    "forest": ("the forest", "a forest", "the woods"),
}
"""Nouns that can follow "over" and "of"."""

PLACE_TAGS: dict[str, tuple[str, ...]] = {
    "sea": ("sea", "ocean", "water"),
    "desert": ("desert", "dunes", "sand"),
    "meadow": ("meadow", "field", "grass", "hills"),
    "snow": ("snow", "winter"),
    "mountains": ("mountains", "peaks"),
    "snowy mountains": ("snowy mountains", "snow-capped peaks"),
    "city": ("city", "town", "skyline"),
    "forest": ("forest", "woods"),
}
"""Bare words for captions that are lists."""

TIME_PHRASES: dict[str, tuple[str, ...]] = {
    "dawn": ("at dawn", "at dawn", "in the morning", "at sunrise", "early in the morning"),
    "day": ("by day", "at noon", "during the day", "in daylight"),
    "sunset": ("at sunset", "at sunset", "in the evening", "at dusk"),
    "night": ("at night", "at night", "by night", "at midnight"),
}
TIME_TAGS: dict[str, tuple[str, ...]] = {
    "dawn": ("dawn", "morning", "sunrise"),
    "day": ("day", "noon", "daylight"),
    "sunset": ("sunset", "evening", "dusk"),
    "night": ("night", "midnight"),
}
SKY_NOUNS: dict[str, tuple[str, ...]] = {
    "sun": ("the sun", "a sun"),
    "moon": ("the moon", "a moon"),
    "stars": ("stars", "many stars"),
    "clouds": ("clouds",),
    "rainbow": ("a rainbow",),
    "rain": ("rain",),
    "snowfall": ("snowfall", "falling snow"),
}
SKY_TAGS: dict[str, tuple[str, ...]] = {
    "sun": ("sun", "the sun"), "moon": ("moon", "the moon"), "stars": ("stars", "starry sky"), "clouds": ("clouds",
                                                                                                          "cloudy"),
    "rainbow": ("rainbow", "a rainbow"), "rain": ("rain", "rainy"), "snowfall": ("snowfall", "snowing"),
}
SKY_ALONE: dict[str, tuple[str, ...]] = {
    "sun": ("under the sun", "with the sun in the sky", "with the sun shining"),
    "moon": ("under the moon", "with the moon in the sky", "in the moonlight"),
    "stars": ("under the stars", "under a starry sky", "with stars in the sky"),
    "clouds": ("under a cloudy sky", "with clouds in the sky", "under the clouds"),
    "rainbow": ("under a rainbow", "with a rainbow in the sky"),
    "rain": ("in the rain", "on a rainy day"),
    "snowfall": ("while it is snowing", "in falling snow", "with snowfall"),
}
"""Phrases for a sky that holds this one thing."""

CLEAR_PHRASES: tuple[str, ...] = ("under a clear sky", "with a clear sky")
OPENERS: tuple[str, ...] = (
    "picture of", "a picture of", "a drawing of", "an illustration of", "an image of", "a scene with",
)
GLUE: tuple[str, ...] = ("a", "an", "and", "the", "with", "over", "there", "is", "are", "in", "sky", "scene", "empty",
                         "picture")
"""Words that the grammar itself adds."""
