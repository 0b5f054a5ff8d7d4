"""What has been read of one person before any definition is asked."""

from __future__ import annotations

from dataclasses import dataclass

from reference.episodes import Episode
from reference.history import History
from reference.trials import Trial


@dataclass
class Reading:
    """The history of a person, its trials, and its episodes in the order of their start."""

    history: History
    trials: list[Trial]
    episodes: list[Episode]

    @property
    def last_episode(self) -> Episode | None:
        """The episode at ``as_of``, else the last."""
        return self.episodes[-1] if self.episodes else None
