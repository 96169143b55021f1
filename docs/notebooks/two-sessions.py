# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Two sessions compared
#
# The same raw files twice: in `tiny` every row has the tilt at which it was scanned, in `tiny-per-frame` every frame has one
# (`tomography: {geometry: per-frame}`), as in the paper. The second reads the raw files of the first, and so has no section `simulate`; everything else is alike. `make compare A=results/one B=results/two` puts two
# sessions on one page; here are the numbers behind it.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from rapidstem.report import compare_sessions, read_summary
from rapidstem.report.session_comparison import differing_settings

results = Path(os.environ.get("RAPIDSTEM_RESULTS", "results"))
folders = {name: results / name for name in ("tiny", "tiny-per-frame")}
summaries = {
    name: read_summary(folder) for name, folder in folders.items()
}
differing_settings(*summaries.values())

# %% [markdown]
# ## What the reports say
#
# `report.json` beside each report holds its verdicts, for programs.

# %%
for name, summary in summaries.items():
    print(
        f"{name}: {summary.sentence} Confidence: {summary.confidence}."
    )
grades = {
    name: {
        stage.title: stage.grade or "not judged"
        for stage in summary.stages
    }
    for name, summary in summaries.items()
}
pd.DataFrame(grades)

# %% [markdown]
# ## Positions: rapid against slow
#
# The slow series stands still while it is scanned, so it is the measure. One tilt a frame displaces what lies far from the middle of the
# frame: the difference in z then curves over y, and the report calibrates it away (`-calibrated`), as the paper does. In a session as
# small as this other errors are larger; see [Accuracy](../../accuracy/) for the demo.

# %%
errors = pd.concat(
    {
        name: pd.read_csv(folder / "evaluation/positional_error.csv")
        for name, folder in folders.items()
    },
    names=["session"],
)
slow = errors[errors["against"] == "slow"]
slow.reset_index("session").pivot_table(
    index=["variant", "axis"],
    columns="session",
    values=["mean_abs_nm", "pairs"],
).round(2)

# %%
figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
plain = slow[slow["variant"] == "rapid-dlf-slow"].reset_index("session")
plain.pivot_table(
    index="axis", columns="session", values="mean_abs_nm"
).plot.bar(ax=axes, rot=0)
axes.set(ylabel="mean absolute difference / nm")
plt.show()

# %% [markdown]
# ## The page for people

# %%
page = results / "comparison.html"
print(
    f"{compare_sessions(*folders.values(), page) / 1e6:.1f} MB written to {page.name}"
)
