"""What registration and integration ask of a stack of frames."""

from typing import Any, Protocol


class FrameSource(Protocol):
    """An array (frame, y, x), or an object that reads frames from a file when a slice of them is asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames, rows and columns."""

    def __len__(self) -> int: ...

    def __getitem__(self, wanted: slice, /) -> Any: ...
