"""What students and mentors write: sentences from templates, strung together with a long tail of lengths."""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path
from typing import Sequence

import numpy as np

from generator.draws import Ints, below, chance, draw, look_up, table

_PHRASES = Path(__file__).parent / "phrases"
_SENTENCES = table(
    {1: 170, 2: 240, 3: 225, 4: 150, 5: 90, 6: 50, 8: 32, 10: 20, 14: 10, 20: 6, 30: 3, 45: 2, 65: 1, 80: 1}
)
_BREAKS = ("\n", "\n\n", "\n- ")
_WITH_BREAKS_PER_MILLE, _FOREIGN_PER_MILLE = 150, 50


def escaped(text: str) -> str:
    """The text as it stands between the quotes of a CSV field (RFC 4180, rule 7)."""
    return text.replace('"', '""')


def quoted(value: str) -> str:
    """A CSV field, in quotes where it has to be (RFC 4180)."""
    return f'"{escaped(value)}"' if set(value) & set(',"\r\n') else value


def _lines(file: str) -> list[str]:
    return [escaped(line) for line in (_PHRASES / file).read_text(encoding="utf-8").splitlines()]


def _pool(templates: Sequence[str], names: Sequence[dict[str, str]]) -> list[str]:
    """Each template with each topic, once; a prime number of them, so that every stride through them meets them all."""
    sentences = list(dict.fromkeys(template.format_map(name) for name in names for template in templates))
    count = len(sentences)
    while any(count % divisor == 0 for divisor in range(2, int(count**0.5) + 1)):
        count -= 1
    return sentences[:count]


class Wording:
    """Sentences for each of several subjects, e.g. sections; a text is made of those of one subject.

    ``subjects`` gives for each subject what stands in for the templates' ``{names}``, several times if there are
    several topics. Texts come as they stand between the quotes of a CSV field.
    """

    def __init__(self, file: str, subjects: Sequence[Sequence[dict[str, str]]]) -> None:
        templates = _lines(file)
        foreign = _lines("foreign.txt")
        pools = [_pool(templates, names) for names in subjects]
        self._sentences = [sentence for pool in pools for sentence in pool] + foreign
        self._count = np.array([len(pool) for pool in pools], dtype=np.int64)
        self._first = np.cumsum(self._count) - self._count
        self._foreign = len(foreign)

    def single(self, seed: int, about: str, numbers: Ints, subject: Ints) -> list[str]:
        """One sentence for each number."""
        at = self._first[subject] + below(draw(seed, about, numbers), self._count[subject])
        return [self._sentences[place] for place in at.tolist()]

    def texts(self, seed: int, about: str, numbers: Ints, subject: Ints) -> list[str]:
        """A text for each number: median about 200 characters, some of 5,000; 15 % of several lines, 5 % not ASCII."""
        if not len(numbers):
            return []
        bits = draw(seed, f"{about}/shape", numbers)
        broken = chance(bits, _WITH_BREAKS_PER_MILLE, 12)
        length = np.maximum(look_up(_SENTENCES, bits), 1 + broken.astype(np.int64))
        ends = np.cumsum(length)
        chosen = self._choose(seed, about, numbers, subject, length)
        foreign = np.flatnonzero(chance(bits, _FOREIGN_PER_MILLE, 32))
        chosen[ends[foreign] - 1] = len(self._sentences) - 1 - below(bits[foreign], self._foreign, 44)
        pieces = itemgetter(*chosen.tolist(), 0)(self._sentences)
        breaks = np.where(broken, 1 + below(bits, len(_BREAKS), 44), 0).tolist()
        joins = (" ", *_BREAKS)
        starts = (ends - length).tolist()
        return [joins[b].join(pieces[start:end]) for b, start, end in zip(breaks, starts, ends.tolist())]

    def _choose(self, seed: int, about: str, numbers: Ints, subject: Ints, length: Ints) -> Ints:
        """Places of the sentences of all texts in a row; within a text a stride through the pool avoids repeating."""
        bits = draw(seed, f"{about}/words", numbers)
        count = self._count[subject]
        start = below(bits, count)
        stride = 1 + below(bits, count - 1, 20)
        step = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
        within = (np.repeat(start, length) + step * np.repeat(stride, length)) % np.repeat(count, length)
        places: Ints = np.repeat(self._first[subject], length) + within
        return places
