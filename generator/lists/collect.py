"""Take the name lists from Faker once, so that the students never change with Faker's version.

Run by hand (``python generator/lists/collect.py``) with Faker 40; the lists beside
this file are what the generator reads. Faker is MIT licensed, Copyright (c) 2012 Daniele Faraglia: see ``NOTICE``.
"""

from __future__ import annotations

import importlib
import random
import unicodedata
from pathlib import Path

from faker import Faker
from faker.providers.geo import Provider as Geography

HERE = Path(__file__).parent
# How many names of each language, so that about a third of the students are from the English-speaking world.
LANGUAGES = {
    "en_US": 300,
    "en_IN": 160,
    "es_ES": 150,
    "fr_FR": 110,
    "de_DE": 110,
    "it_IT": 90,
    "cs_CZ": 40,
    "sv_SE": 60,
}
WITHOUT_DECOMPOSITION = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ß": "ss", "æ": "ae", "đ": "d"})


def ascii_letters(name: str) -> str:
    """The name as it stands in an e-mail address: lower-case ASCII letters alone."""
    plain = unicodedata.normalize("NFKD", name.translate(WITHOUT_DECOMPOSITION)).lower()
    return "".join(letter for letter in plain if "a" <= letter <= "z")


def names(kind: str, rng: random.Random) -> list[str]:
    """Names of all the languages, each once, as ``name<TAB>ascii``; ``kind`` is ``first_names`` or ``last_names``."""
    chosen: set[str] = set()
    for language, count in LANGUAGES.items():
        provider = importlib.import_module(f"faker.providers.person.{language}").Provider
        usable = sorted({name for name in getattr(provider, kind) if name.isalpha() or "-" in name or "'" in name})
        chosen.update(rng.sample(usable, min(count, len(usable))))
    return [f"{name}\t{ascii_letters(name)}" for name in sorted(chosen) if 1 < len(ascii_letters(name)) <= 15]


def cities() -> list[str]:
    """Places that exist, as ``city, country``."""
    return sorted({f"{place[2]}, {place[3]}" for place in Geography.land_coords})


def companies(count: int) -> list[str]:
    """Companies that do not exist; some have a comma in their name."""
    faker = Faker("en_US")
    faker.seed_instance(2019)
    found: set[str] = set()
    while len(found) < count:
        found.add(faker.company())
    return sorted(found)


def main() -> None:
    """Write the four lists beside this file."""
    rng = random.Random(2019)  # noqa: S311 - a choice of names, no secret
    lists = {
        "first_names.txt": names("first_names", rng),
        "last_names.txt": names("last_names", rng),
        "cities.txt": cities(),
        "companies.txt": companies(600),
    }
    for file, lines in lists.items():
        (HERE / file).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
