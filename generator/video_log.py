"""The file video_log: which student watched which video in a month, how often, and first and last when."""

from __future__ import annotations

import numpy as np

from generator.calendar_month import DAY, CalendarMonth
from generator.curriculum import Degree
from generator.draws import Flags, Ints, below, chance, draw, falling, look_up, table
from generator.journey import StudyMonth

_VIEWS = falling(1, 240, 2)
_AGAIN = table({0: 52, 1: 20, 2: 12, 3: 8, 5: 5, 8: 3})
_HOURS_UNTIL_LAST = falling(1, 480, 1)
# So many in 1000 of those who pass a video watch it: most of them the best liked of a degree, fewest the least liked.
_MOST_WATCHED, _LEAST_WATCHED = 980, 600


class VideoLog:
    """Rows of a degree's video_log: the videos passed in a month, and some of earlier months watched again."""

    columns = ("user_id", "video_id", "degree_id", "first_view_date", "last_view_date", "views_per_user")

    def __init__(self, seed: int, degree: Degree) -> None:
        self.seed, self.degree = seed, degree
        self._ids = np.array([video_id for video_id, _, _ in degree.videos], dtype=np.int64)
        rank = np.argsort(np.argsort(draw(seed, "liked", self._ids), kind="stable"), kind="stable")
        self._watched = _LEAST_WATCHED + (_MOST_WATCHED - _LEAST_WATCHED) * rank // len(rank)

    def rows(self, month: CalendarMonth, study: StudyMonth) -> list[str]:
        """CSV records by student and video, each pair once; ``first_view_date`` may lie in an earlier month."""
        who, video, again = self._watched_videos(study)
        number = study.month[who] * 1000 + video
        views = np.maximum(look_up(_VIEWS, draw(self.seed, "views", number)), 1 + again.astype(np.int64))
        first, last = self._dates(month, number, views, again)
        columns = (study.student[who].tolist(), self._ids[video].tolist(), first, last, views.tolist())
        return list(map(f"%d,%d,{self.degree.name},%d,%d,%d\n".__mod__, zip(*columns)))

    def _watched_videos(self, study: StudyMonth) -> tuple[Ints, Ints, Flags]:
        """Who watches which of the degree's videos (places, not ids), and whether it is seen again."""
        bits = draw(self.seed, f"again/{self.degree.name}", study.month)
        start = study.start - np.minimum(look_up(_AGAIN, bits), study.start)
        count = study.stop - start
        who = np.repeat(np.arange(len(count)), count)
        video = np.arange(len(who)) - np.repeat(np.cumsum(count) - count - start, count)
        again = video < study.start[who]
        watches = draw(self.seed, f"watches/{self.degree.name}", study.journey[who] * 1000 + video)
        kept = chance(watches, self._watched[video])
        return who[kept], video[kept], again[kept]

    def _dates(self, month: CalendarMonth, number: Ints, views: Ints, again: Flags) -> tuple[list[int], list[int]]:
        """First and last view in epoch milliseconds; the last one within the month."""
        bits = draw(self.seed, f"viewed/{self.degree.name}", number)
        later = draw(self.seed, f"viewed last/{self.degree.name}", number)
        moment = month.moments(bits) * 1000 + below(bits, 1000)
        before = month.first_second * 1000 - 1 - below(later, 27 * DAY, 12) * 1000 - below(bits, 1000)
        hours = look_up(_HOURS_UNTIL_LAST, later)
        until = np.where(views > 1, hours * 3_600_000 - below(later, 3_000_000, 32), 0)
        last = np.where(again, moment, np.minimum(moment + until, month.end * 1000 - 1))
        return np.where(again, before, moment).tolist(), last.tolist()
