"""The diary of one customer: knowledge of firms, value of options and choices, by occasion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.charts.labels import Scale, need, scale_for, words_of
from cxsim.charts.layout import Chart, EndLabel, Shared, charted, end_labels, short, top_label
from cxsim.charts.style import INK, Picture, looks
from cxsim.charts.time_series import TimeSeries, draw_series, fit_limits
from cxsim.model.mechanism import NO_PURCHASE


@charted("period", "option", "knowledge", "worth", "chosen")
def customer_diary(diary: pd.DataFrame, **_: Unpack[Shared]) -> Chart:
    """Draw what firms knew of a customer, and what options were worth, by occasion.

    Parameters
    ----------
    diary : DataFrame
        As :func:`cxsim.diary` returns.

    Returns
    -------
    Figure
        Above: knowledge by firm, in percent; below: value of each firm's offer less that of no
        purchase, in currency, with a ring around the option chosen.

    Raises
    ------
    ValueError
        If a column is missing or there is no occasion.
    """
    need(diary, ["period", "option", "knowledge", "worth", "chosen"], name="diary")
    words = words_of(diary)
    firms = [str(each) for each in dict.fromkeys(diary["option"]) if each != NO_PURCHASE]
    known = _series(diary, firms, "knowledge")
    worth = _series(diary, firms, "worth")
    none = _series(diary, [NO_PURCHASE], "worth").value
    worth = TimeSeries(worth.periods, firms, worth.value - np.nan_to_num(none))
    chosen = _series(diary.assign(chosen=diary["chosen"].astype(float)), firms, "chosen").value > 0
    percent = scale_for("share", [0.0, 1.0])
    money = scale_for("currency", worth.value.ravel(), words=words)

    def draw(figure: Picture) -> Callable[[], None]:
        above, below = figure.subplots(2, 1, sharex=True)
        ends = _panel(above, known, percent, words.say("Knowledge of the customer"))
        lower = _panel(below, worth, money, words.say("Value compared with no purchase"))
        for k in range(len(firms)):
            there = chosen[:, k]
            below.plot(
                worth.periods[there], worth.value[there, k], "o", markersize=11,
                markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.3, zorder=6,
                clip_on=False,
            )  # fmt: skip
        below.set_xlabel(words.period.capitalize())

        def settle() -> None:
            end_labels(above, ends)
            end_labels(below, lower)

        return settle

    counts = dict(zip(firms, chosen.sum(axis=0).tolist(), strict=True))
    bought, occasions = sum(counts.values()), len(worth.periods)
    most = max(firms, key=lambda name: counts[name])
    title = words.say(f"The customer made {bought} purchases on {occasions} occasions")
    if bought:
        title += f", {counts[most]} of them from {most}"
    told = "; ".join(
        f"{name}: {counts[name]} {words.say('purchases')}, knowledge "
        f"{percent.text(known.value[-1, k])} at the last"
        for k, name in enumerate(firms)
    )
    return Chart(
        draw,
        size=(8.6, 7.2),
        title=title,
        alt=f"Two line charts by occasion, of knowledge and of the value of offers. {told}.",
        note=words.say(
            "Rings: options chosen. The random part of utility is not in the value, so that the "
            "option of highest value is not always chosen; without a ring, there was no purchase. "
            "One customer of one run."
        ),
    )


def _series(diary: pd.DataFrame, names: list[str], column: str) -> TimeSeries:
    wide = diary.pivot(index="period", columns="option", values=column)
    value = wide.reindex(columns=names).to_numpy(dtype=float)
    return TimeSeries(wide.index.to_numpy(), names, value)


def _panel(axes: Axes, series: TimeSeries, scale: Scale, label: str) -> list[EndLabel]:
    fit_limits(axes, series)
    ends: list[EndLabel] = []
    for k, (name, look) in enumerate(looks(series.names).items()):
        ends += draw_series(axes, series, k, look, label=short(name), scale=scale)
    axes.yaxis.set_major_formatter(scale.ticks)
    top_label(axes, scale.axis(label))
    return ends
