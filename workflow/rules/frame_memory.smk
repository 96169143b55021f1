"""Memory for jobs that hold some frames of a series, however long it is."""


def frame_mb(files):
    """Size of one frame of an in-situ series, in MB: its file over the rows of its table of frames."""
    if any(file.is_storage for file in files):
        return files.size_mb
    with open(files.frames, encoding="utf-8") as table:
        rows = sum(1 for _ in table) - 1
    return size_mb([files.get("rapid") or files.denoised]) / max(rows, 1)


def frame_memory_mb(fixed, times, largest_mb=float("inf")):
    """Memory for a job that holds some frames of an in-situ series, however long it is: so many times the size of one, in MB.

    Tiles that are worked on in the place of frames of more than `largest_mb` need no more.
    """
    return lambda wildcards, input, attempt: attempt * round(fixed + times * min(frame_mb(input), largest_mb))
