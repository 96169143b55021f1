"""Memory for jobs that hold some frames of a series, however long it is, or read one field after the other."""


def frame_rows(files):
    """Frames of an in-situ series, the rows of its table; a thousand where a storage holds it, which is not opened here."""
    if any(file.is_storage for file in files):
        return 1000
    with open(files.frames, encoding="utf-8") as table:
        return sum(1 for _ in table) - 1


def frame_mb(files):
    """Size of one frame of an in-situ series, in MB: its file over the rows of its table of frames."""
    if any(file.is_storage for file in files):
        return files.size_mb
    return size_mb([files.get("rapid") or files.denoised]) / max(frame_rows(files), 1)


def frame_memory_mb(fixed, times, largest_mb=float("inf")):
    """Memory for a job that holds some frames of an in-situ series, however long it is: so many times the size of one, in MB.

    Tiles that are worked on in the place of frames of more than `largest_mb` need no more.
    """
    return lambda wildcards, input, attempt: attempt * round(fixed + times * min(frame_mb(input), largest_mb))


def followed_memory_mb(fixed, times, of_tables):
    """Memory for a job that holds some frames of an in-situ series and where lines lie in all: `of_tables` says how much of it, in MB."""
    return lambda wildcards, input, attempt: attempt * round(
        fixed + times * frame_mb(input) + of_tables(input)
    )


def field_memory_mb(fixed, times, of_all=0):
    """Memory for a job that reads one file of its input after the other, in MB: so many times the size of the largest, and of all together."""
    return lambda wildcards, input, attempt: attempt * round(
        fixed
        + times * max(size_mb(input) if file.is_storage else size_mb([file]) for file in input)
        + of_all * size_mb(input)
    )
