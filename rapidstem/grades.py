"""Words for how far something can be trusted, in the first look at raw frames and in the report's verdicts."""

GOOD, DOUBTFUL, UNUSABLE = "good", "doubtful", "unusable"
