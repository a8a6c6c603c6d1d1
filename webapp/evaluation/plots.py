"""Pictures of results: confusion matrix, histograms of scores, timeline of recordings. The only user of matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from webapp.evaluation.open_set import UNKNOWN_RATE, unknown_threshold
from webapp.evaluation.report import number
from webapp.evaluation.results import Confusions, OpenSetAnswers, Result, Watched

_KNOWN, _MISTAKEN, _UNKNOWN = "#2a6fb0", "#e0a030", "#b03a2e"
_NONE = "none"


def files_for(results: Sequence[Result], file: Path) -> list[Path]:
    """FILE for one result, FILE with dataset and protocol in its name for each of several."""
    if len(results) == 1:
        return [file]
    return [file.with_stem("-".join(filter(None, (file.stem, r.dataset, r.protocol, r.templates)))) for r in results]


def draw(result: Result, file: Path) -> None:
    """Draw the result's detail into the file."""
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    match result.detail:
        case Confusions():
            _confusion_matrix(figure, result.detail)
        case OpenSetAnswers():
            _histograms(figure, result.detail, by_threshold=result.method == "default")
        case Watched():
            _timeline(figure, result.detail)
    templates = f" ({result.templates})" if result.templates else ""
    shown = "  ".join(
        f"{name} {number(result.figures[name])}" for name in ("accuracy", "auroc", "f1") if name in result.figures
    )
    figure.suptitle(f"{result.dataset}: {result.protocol}{templates}, {result.method}, {shown}", fontsize=11)
    figure.savefig(file, dpi=120)


def _confusion_matrix(figure: Figure, detail: Confusions) -> None:
    actions = sorted({action for action, _ in detail.pairs})
    answers = [*actions, *([_NONE] if any(answer is None for _, answer in detail.pairs) else [])]
    counts = np.zeros((len(actions), len(answers)), int)
    for action, answer in detail.pairs:
        counts[actions.index(action), answers.index(answer or _NONE)] += 1
    shares = counts / counts.sum(axis=1, keepdims=True)
    figure.set_size_inches(3.5 + 0.5 * len(answers), 3 + 0.42 * len(actions))
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(answers)), answers, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(actions)), actions)
    axes.set_xlabel("taken for")
    axes.set_ylabel("performed")
    for row, column in np.argwhere(counts):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=8)


def _histograms(figure: Figure, detail: OpenSetAnswers, *, by_threshold: bool) -> None:
    """by_threshold: the method accepts by its score, so that there is a line to draw."""
    figure.set_size_inches(8.5, 5)
    axes = figure.subplots()
    right = [answer.score for action, answer in detail.known if answer.nearest == action]
    mistaken = [answer.score for action, answer in detail.known if answer.nearest != action]
    unknown = [answer.score for answer in detail.unknown]
    finite = [score for score in (*right, *mistaken, *unknown) if np.isfinite(score)]
    bins = np.linspace(min(finite), float(np.quantile(finite, 0.99)), 50).tolist() if finite else 1
    axes.hist(
        [_finite(right), _finite(mistaken)],
        bins,
        stacked=True,
        color=[_KNOWN, _MISTAKEN],
        alpha=0.85,
        label=[f"known, right action nearest ({len(right)})", f"known, another nearest ({len(mistaken)})"],
    )
    axes.hist(_finite(unknown), bins, histtype="step", linewidth=2, color=_UNKNOWN, label=f"unknown ({len(unknown)})")
    _line(axes, unknown_threshold(detail), "--", f"{UNKNOWN_RATE:.0%} of the unknown pass")
    if by_threshold:
        answers = [*(answer for _, answer in detail.known), *detail.unknown]
        accepted = [answer.score for answer in answers if answer.accepted is not None]
        _line(axes, max(accepted, default=np.inf), ":", "accepted by default up to here")
    axes.set_xlabel("score (lower: more surely known)")
    axes.set_ylabel("performances")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)


def _finite(scores: Sequence[float]) -> list[float]:
    return [score for score in scores if np.isfinite(score)]


def _line(axes: Axes, score: float, style: str, label: str) -> None:
    if np.isfinite(score):
        axes.axvline(score, color="black", linestyle=style, label=label)


def _timeline(figure: Figure, detail: Watched) -> None:
    """Two lanes a clip: what is labelled above, what was found below, hatched where it is false."""
    actions = sorted(
        {segment.action for clip in detail.clips for segment in clip.segments}
        | {detection.action for clip in detail.clips for detection in clip.detections}
    )
    palette = colormaps["tab10" if len(actions) <= 10 else "tab20"]
    colours = {action: palette(place % palette.N) for place, action in enumerate(actions)}
    figure.set_size_inches(14, 1.8 + 0.75 * len(detail.clips))
    axes = figure.subplots()
    for row, clip in enumerate(detail.clips):
        axes.barh(row, clip.duration_s, height=0.86, color="#f2f2f2", zorder=0)
        for segment in clip.segments:
            start_s, end_s = segment.start_frame / clip.fps, segment.end_frame / clip.fps
            axes.barh(row - 0.21, end_s - start_s, 0.38, left=start_s, color=colours[segment.action])
        for detection, right in zip(clip.detections, clip.claimed, strict=True):
            axes.barh(
                row + 0.21,
                detection.end_s - detection.start_s,
                0.38,
                left=detection.start_s,
                facecolor=colours[detection.action],
                edgecolor="black",
                hatch=None if right else "xxx",
                linewidth=0.8,
            )
    axes.set_yticks(range(len(detail.clips)), [clip.name for clip in detail.clips])
    axes.set_ylim(len(detail.clips) - 0.4, -0.6)
    axes.set_xlim(0, max(clip.duration_s for clip in detail.clips))
    axes.set_xlabel("seconds; upper lane: labelled, lower lane: found")
    handles = [Patch(facecolor=colours[action], label=action) for action in actions]
    handles.append(Patch(facecolor="white", edgecolor="black", hatch="xxx", label="found, but false"))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(11, len(handles)), frameon=False)
