"""What figures show, of a small run and of planted ones."""

import ast
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from planted import Planted, planted, run_of

import koopmark
from koopmark import plot
from koopmark._errors import ConfigError
from koopmark.analysis.curves import profile_bands
from koopmark.analysis.leaderboard import PRINCIPAL

SEVERAL = tuple("abcdefgh")


def run(methods, **options):
    return run_of(*planted(methods, **options))


def graded(best):
    """Found to `best` digits on the first dataset, one digit less on each further one."""
    return lambda dataset, seed, index: 10.0 ** -max(best - SEVERAL.index(dataset), 0)


@pytest.fixture(scope="module")
def three():
    """Two methods that agree, a third, and the anchors."""
    return run(
        {
            "lib.one": Planted(graded(8), library="lib"),
            "other.same": Planted(graded(8), library="other"),
            "third.worse": Planted(graded(5), library="third", floor=graded(5)),
            "anchor.exact": Planted(1e-16, role="anchor"),
            "anchor.random": Planted(1.0, role="anchor"),
        },
        datasets=SEVERAL,
        seeds=2,
    )


@pytest.fixture(scope="module")
def noisy():
    """Three problems without and with noise, which loses all but two digits."""
    names = tuple(f"{name}{end}" for name in "abc" for end in ("", "/noise=0.1"))
    lost = lambda dataset, seed, index: 1e-2 if "noise" in dataset else 1e-7  # noqa: E731
    return run(
        {"lib.one": Planted(lost, library="lib"), "other.two": Planted(0.1, library="other")},
        datasets=names,
        noise={name: 0.1 for name in names if "noise" in name},
        statistical_floor=1e-3,
    )


def labelled(ax):
    """Names of curves: beside them, or in a legend."""
    legends = [*ax.figure.legends, *([ax.get_legend()] if ax.get_legend() else [])]
    texts = [text.get_text() for legend in legends for text in legend.get_texts()]
    return [*texts, *(text.get_text().replace("\n", "") for text in ax.texts)]


def drawn(figure, name, ask=None):
    with plot.styled():
        return plot.figure(figure, name, ask)


@pytest.fixture(scope="module")
def every(small):
    """Each figure of the small run, laid out as it is written."""
    shown = {name: drawn(small, name) for name in plot.FIGURES}
    with plot.styled():
        for into in shown.values():
            into.figure.draw_without_rendering()
    return shown


def texts_of(into):
    """Every text that shows, with its box in points."""
    texts = [text for legend in into.figure.legends for text in legend.get_texts()]
    for ax in into.figure.axes:
        texts += ax.texts
        for axis in (ax.xaxis, ax.yaxis):
            ticks = axis._update_ticks()
            texts += [
                axis.label,
                *(label for tick in ticks for label in (tick.label1, tick.label2)),
            ]
    scale = 72 / into.figure.dpi
    return [
        (text, [side * scale for side in text.get_window_extent().extents])
        for text in texts
        if text.get_visible() and text.get_text().strip()
    ]


def test_identical_curves_are_drawn_once_and_named_together(three):
    into = drawn(three, "profile")
    names = " ".join(labelled(into.ax))
    assert "lib.one and 1 more" in names.replace("oneand", "one and")
    assert "other.same" not in names


def test_a_profile_has_the_numbers_of_the_analysis(three):
    into = drawn(three, "profile", plot.Request(methods=("third.worse",)))
    curve = max(into.ax.lines, key=lambda line: len(line.get_xdata()))
    asked = three.asked[PRINCIPAL]
    bands = profile_bands(asked[asked["method"] == "third.worse"]).droplevel("method")
    assert list(curve.get_xdata()) == list(bands.index)
    assert list(curve.get_ydata()) == list(bands["share"])
    (shaded,) = into.ax.collections
    heights = shaded.get_paths()[0].vertices[:, 1]
    assert set(bands["low"]) | set(bands["high"]) <= set(heights)


def test_the_reach_is_the_ceiling_of_a_profile(three):
    into = drawn(three, "profile", plot.Request(methods=("third.worse",)))
    (ceiling,) = [line for line in into.ax.lines if len(line.get_xdata()) == 2]
    assert ceiling.get_ydata()[0] == pytest.approx(3 / 8, abs=1e-3)
    assert max(ceiling.get_xdata()) == 1e-3


def test_axes_are_those_of_the_methods_and_not_of_the_anchors(three):
    into = drawn(three, "board")
    shown = [label.get_text() for label in into.ax.get_yticklabels()]
    assert shown == ["lib.one and 1 more", "third.worse"]
    assert into.ax.get_xlim()[1] < 9


def test_a_board_has_digits_and_intervals_of_the_leaderboard(three):
    into = drawn(three, "board", plot.Request(methods=("third.worse",)))
    row = three.boards[PRINCIPAL].rows.set_index("method").loc["third.worse"]
    interval, mark = into.ax.lines
    assert list(interval.get_xdata()) == [row["low"], row["high"]]
    assert list(mark.get_xdata()) == [row["mean"]]


def test_noise_has_its_levels_and_the_floor_as_a_line(noisy):
    into = drawn(noisy, "noise")
    assert [label.get_text() for label in into.ax.get_xticklabels()] == ["0", "0.1"]
    floor = [line.get_ydata()[-1] for line in into.ax.lines if line.get_linestyle() == "-."]
    assert floor == [3.0]
    ends = {float(line.get_ydata()[-1]) for line in into.ax.lines}
    assert {2.0, 1.0} <= ends


def test_under_noise_the_best_of_a_library_is_that_under_noise():
    names = tuple(f"{name}{end}" for name in "abc" for end in ("", "/noise=0.1"))
    lost = lambda dataset, seed, index: 0.5 if "noise" in dataset else 1e-8  # noqa: E731
    methods = {
        "lib.exact": Planted(lost, library="lib"),
        "lib.robust": Planted(1e-4, library="lib"),
        "other.poor": Planted(0.1, library="other"),
    }
    noise = {name: 0.1 for name in names if "noise" in name}
    into = drawn(run(methods, datasets=names, noise=noise), "noise")
    assert {"".join(name.split()) for name in labelled(into.ax)} - {""} == {
        "lib.robust",
        "other.poor",
    }


def test_of_a_single_level_of_noise_the_methods_are_named_below():
    alone = run({"lib.one": Planted(1e-4)}, datasets=("a/noise=0.1",), noise=0.1)
    into = drawn(alone, "noise")
    assert labelled(into.ax) == ["lib.one"]
    assert [label.get_text() for label in into.ax.get_xticklabels()] == ["0.1"]


def test_a_sweep_over_noise_comes_first(every):
    into = every["noise"]
    assert [label.get_text() for label in into.ax.get_xticklabels()] == ["0", "0.01"]


def test_the_front_of_costs_is_of_those_that_no_other_beats():
    methods = {
        "a.fast": Planted(1e-2, library="a", seconds=1e-3),
        "b.slow": Planted(1e-6, library="b", seconds=1e-1),
        "c.beaten": Planted(1e-1, library="c", seconds=1e-2),
    }
    into = drawn(run(methods, datasets=SEVERAL), "cost")
    names = labelled(into.ax)
    assert [name for name in names if name.startswith(("1 ", "2 ", "3 "))] == [
        "1  b.slow",
        "2  a.fast",
    ]


def test_a_map_says_what_became_of_each_target(three):
    into = drawn(three, "map")
    assert {text.get_text() for text in into.ax.texts} == {"3", "4", "5", "6", "7", "8"}
    assert {"found", "missed", "cannot be expressed"} & set(labelled(into.ax))


@pytest.mark.parametrize("name", plot.FIGURES)
def test_a_figure_has_no_title_and_texts_of_legible_size_that_do_not_overlap(every, name):
    into = every[name]
    assert into.ax.get_title() == ""
    width, height = into.figure.get_size_inches() * 72
    shown = texts_of(into)
    for text, (left, low, right, high) in shown:
        assert 6.5 <= text.get_fontsize() <= 9, text
        assert left >= -1, text
        assert low >= -1, text
        assert right <= width + 1, text
        assert high <= height + 1, text
    for (one, a), (other, b) in combinations(shown, 2):
        apart = a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 1 or b[3] <= a[1] + 1
        assert apart, (one, other)


@pytest.mark.parametrize("name", [name for name in plot.FIGURES if name not in ("map", "board")])
def test_axes_say_what_they_show_and_in_which_unit(every, name):
    ax = every[name].ax
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert "(" in ax.get_xlabel()


def test_a_figure_goes_into_the_axes_of_the_user(three):
    from matplotlib.figure import Figure

    left, right = Figure().subplots(1, 2)
    assert plot.profile(three, ax=left) is left
    assert plot.board(three, ax=right) is right
    assert left.get_title() == right.get_title() == ""


@pytest.mark.parametrize("name", ["profile", "board", "cost", "map"])
def test_a_run_of_one_dataset_and_one_method_has_its_figures(name):
    into = drawn(run({"lib.only": Planted(1e-6)}, datasets=("a",), seeds=1), name)
    assert into.ax.lines or into.ax.collections


@pytest.mark.parametrize("name", plot.FIGURES)
def test_a_run_in_which_every_fit_failed_has_no_figure_and_says_so(name):
    lost = {"lib.only": Planted(1e-6, status={("a", 0): "timeout"})}
    with pytest.raises(ConfigError, match=r"no fit with a result.*1 timeout"):
        drawn(run(lost, datasets=("a",), seeds=1), name)


@pytest.mark.parametrize(
    ("name", "ask", "sentence"),
    [
        ("profil", {}, "unknown figure 'profil': did you mean 'profile'"),
        ("profile", {"methods": ("third.wors_",)}, "unknown method: .*did you mean 'third.worse'"),
        ("profile", {"methods": ("lib.one", "o")}, "'o' is in the names of"),
        ("profile", {"datasets": ("z",)}, "unknown dataset"),
        ("profile", {"board": "speed"}, "unknown board"),
        ("profile", {"target": "-1"}, "--target is not for the figure profile"),
        ("spectrum", {"top": 3}, "--top is not for the figure spectrum"),
        ("noise", {}, "says nothing about noise"),
        ("cost", {"datasets": ("a", "b")}, "one dataset, not 2"),
    ],
)
def test_what_cannot_be_shown_is_a_sentence(three, name, ask, sentence):
    with pytest.raises(ConfigError, match=sentence):
        drawn(three, name, plot.Request(**ask))


@pytest.mark.parametrize(
    ("name", "ask", "sentence"),
    [
        ("spectrum", {"seed": 7}, "unknown seed 7: there are 0 and 1"),
        ("spectrum", {"methods": ("broken",)}, "broken has nothing to show in this spectrum"),
        ("eigenfunction", {"target": "-9"}, "unknown target"),
        ("eigenfunction", {"view": "pie"}, "unknown view 'pie'"),
        (
            "eigenfunction",
            {"view": "map", "methods": ("linear", "quadratic")},
            "a map shows one method, not 2",
        ),
    ],
)
def test_what_a_fit_does_not_have_is_a_sentence(small, name, ask, sentence):
    with pytest.raises(ConfigError, match=sentence):
        drawn(small, name, plot.Request(**ask))


def test_a_map_of_no_chosen_method_is_that_of_the_best(small):
    into = drawn(small, "eigenfunction", plot.Request(view="map"))
    assert labelled(into.ax)[:2] == ["linear", "exact"]


def test_methods_called_anything_are_drawn_as_they_are_called():
    names = ("a.$x$", "b.<b>", "c.{}", "d.%_")
    methods = {name: Planted(10.0**-k, library=name[0]) for k, name in enumerate(names, 2)}
    into = drawn(run(methods, datasets=SEVERAL), "profile")
    assert {name.replace("\\", "") for name in labelled(into.ax)} >= set(names)


def test_matplotlib_is_imported_by_nothing_that_is_not_drawn():
    package = Path(koopmark.__file__).parent / "plot"
    for path in package.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in getattr(node, "names", [])]
            module = getattr(node, "module", "") or ""
            assert not any("matplotlib" in one for one in [module, *names]), path


def test_unlike_methods_look_different_in_everything():
    from koopmark.analysis.palette import COLOURS
    from koopmark.plot._looks import look

    looks = [look(place) for place in range(len(COLOURS))]
    for part in ("colour", "marker", "dashes"):
        assert len({str(getattr(one, part)) for one in looks}) == len(looks)
    assert len({str(look(place)) for place in range(49)}) == 49


@pytest.mark.parametrize("seed", range(20))
def test_names_beside_curves_never_cover_each_other(seed):
    from koopmark.plot._looks import spread

    rng = np.random.default_rng(seed)
    heights = rng.uniform(8, 24, rng.integers(1, 8))
    wanted = rng.uniform(-20, 220, len(heights))
    places = spread(list(wanted), list(heights), 200.0)
    boxes = sorted((at - high / 2, at + high / 2) for at, high in zip(places, heights, strict=True))
    assert all(one[1] <= other[0] + 1e-6 for one, other in pairwise(boxes))
    assert sum(heights) > 200 or (boxes[0][0] > -1e-6 and boxes[-1][1] < 200 + 1e-6)
