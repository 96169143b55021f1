"""Whether a session's numbers can be trusted, from what can be seen without a truth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidstem.grades import DOUBTFUL, GOOD, UNUSABLE
from rapidstem.report.verdict_criteria import CRITERIA, GRADES, RESULT_STAGES, Criterion
from rapidstem.word_forms import word_form

HIGH, MODERATE, LOW = "high", "moderate", "low"
# A value nearer to a limit than a tenth of the limit may fall on its other side in another session of the same foil.
CLOSE_TO_LIMIT = 0.1


@dataclass(frozen=True)
class Observation:
    """The value of a criterion, of a tilt series or in-situ series (`acquisition`; none for the whole session) and one of its variants."""

    criterion: str
    value: float
    acquisition: str = ""
    variant: str = ""


@dataclass(frozen=True)
class Judgement:
    """A graded observation."""

    criterion: Criterion
    observation: Observation
    grade: str

    @property
    def margin(self) -> float:
        """How far the value is from the limit of good, over that limit; infinite where the limit is zero."""
        limit = abs(self.criterion.good)
        return abs(self.observation.value - self.criterion.good) / limit if limit else math.inf

    @property
    def is_close(self) -> bool:
        """Whether the value is so near to a limit that it may as well lie on its other side."""
        limits = [limit for limit in (self.criterion.good, self.criterion.usable) if math.isfinite(limit)]
        return any(abs(self.observation.value - limit) < CLOSE_TO_LIMIT * abs(limit) for limit in limits)


@dataclass(frozen=True)
class Verdict:
    """A grade in a word and in a phrase, its reasons, and what to do differently next time."""

    grade: str
    words: str
    reasons: Sequence[str]
    advice: Sequence[str]


@dataclass(frozen=True)
class SessionVerdict:
    """The verdict on a whole session: its grade in a sentence, how sure that is and why, and the verdict itself."""

    sentence: str
    confidence: str
    confidence_reason: str
    verdict: Verdict


def judge(observations: Sequence[Observation]) -> list[Judgement]:
    """Grade what was observed; NaN says nothing, an infinite value is the worst or the best there is.

    Parameters
    ----------
    observations : of criteria that `CRITERIA` names.

    Returns
    -------
    list of Judgement
        In the order of the observations.
    """
    known = [observation for observation in observations if not math.isnan(observation.value)]
    criteria = [CRITERIA[observation.criterion] for observation in known]
    return [Judgement(criterion, seen, criterion.grade(seen.value)) for criterion, seen in zip(criteria, known, strict=True)]


def stage_verdict(judgements: Sequence[Judgement], stage: str, acquisition: str = "") -> Verdict | None:
    """The verdict on a stage, of one acquisition or of the whole session: its worst grade, and why; None where nothing was seen of it."""
    own = [each for each in judgements if (each.criterion.stage, each.observation.acquisition) == (stage, acquisition)]
    return _verdict(own) if own else None


def session_verdict(judgements: Sequence[Judgement]) -> SessionVerdict | None:
    """The verdict on a session, with its confidence; None where nothing was seen.

    The grade is that of the worst stage; the stages before the tilt series make it doubtful at most where there is a tilt series. The
    confidence is high where two series that were recorded apart are compared and no value that counts is close to a limit, moderate where
    one of these holds, else low.

    Parameters
    ----------
    judgements : of all stages and series.
    """
    if not judgements:
        return None
    limited = any(each.criterion.stage in RESULT_STAGES for each in judgements)
    verdict = _verdict(judgements)
    results = [each for each in judgements if each.criterion.stage in RESULT_STAGES] if limited else judgements
    if verdict.grade == UNUSABLE and all(each.grade != UNUSABLE for each in results):
        verdict = replace(verdict, grade=DOUBTFUL)
    independent = any(each.criterion.independent for each in judgements)
    close = [each for each in results if each.is_close]
    confidence = (LOW, MODERATE, HIGH)[int(independent) + int(not close)]
    return SessionVerdict(_sentence(verdict.grade, judgements), confidence, _confidence_reason(independent, close), verdict)


def _verdict(judgements: Sequence[Judgement]) -> Verdict:
    """The worst grade, with its reasons first; where all are good, its words say what is nearest to a limit."""
    worst_first = sorted(judgements, key=_urgency)
    poor: dict[Criterion, list[Judgement]] = {}
    for each in worst_first:
        if each.grade != GOOD:
            poor.setdefault(each.criterion, []).append(each)
    several = len({each.observation.acquisition for each in judgements} - {""}) > 1
    reasons = [_reason(alike, several) for alike in poor.values()]
    passed = f"all {len(judgements)} checks are passed; nearest to its limit: " if len(judgements) > 1 else ""
    words = "; ".join(reasons) or passed + _reason([min(judgements, key=lambda each: each.margin)], several)
    advice = list(dict.fromkeys(sentence for criterion in poor for sentence in criterion.advice))
    return Verdict(worst_first[0].grade, words, reasons, advice)


def _urgency(judgement: Judgement) -> tuple[int, int]:
    """What a reader must know first comes first: the worst grade, then what is nearest to the result."""
    stage = judgement.criterion.stage
    return -GRADES.index(judgement.grade), RESULT_STAGES.index(stage) if stage in RESULT_STAGES else len(RESULT_STAGES)


def _reason(alike: Sequence[Judgement], several: bool) -> str:
    """What was seen by one criterion, of one variant or of several, of which series where several are judged, and where good ends."""
    criterion = alike[0].criterion
    values = ", ".join(" in ".join(filter(None, (criterion.words(each.observation.value), _place(each, several)))) for each in alike)
    bound = "at least" if criterion.more_is_better else "at most"
    return f"{criterion.quantity}: {values} (good: {bound} {criterion.words(criterion.good)})"


def _place(judgement: Judgement, several: bool) -> str:
    seen = judgement.observation
    return " of ".join(filter(None, (seen.variant, seen.acquisition if several else "")))


def _sentence(grade: str, judgements: Sequence[Judgement]) -> str:
    count, poor = len(judgements), [each.grade for each in judgements if each.grade != GOOD]
    if grade == GOOD:
        return f"The results can be used as they are: {word_form(count, 'the only check is', f'all {count} checks are')} passed."
    checks = f"{len(poor)} of {count} {word_form(count, 'check')} {word_form(len(poor), 'is', 'are')}"
    used = "can be used with care" if grade == DOUBTFUL else "should not be used"
    return f"The results {used}: {checks} {'not passed' if UNUSABLE in poor else 'doubtful'}."


def _confidence_reason(independent: bool, close: Sequence[Judgement]) -> str:
    compared = "rapid and slow series, recorded apart, are compared" if independent else "nothing is compared with a second series"
    near = f"{len(close)} {word_form(len(close), 'value')} close to a limit" if close else "no value is close to a limit"
    return f"{compared}; {near}"
