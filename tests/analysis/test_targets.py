"""Which rows are about the same target, within a fit and from seed to seed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import run_of

from koopmark.analysis.results import Results
from koopmark.analysis.targets import same_eigenvalue, target_names
from koopmark.regression.history import promoted_run

EIGENVALUES = st.sampled_from([-1.0, -1.0 * (1 + 3e-16), -1.999, -1.9992, -2.0, -2 + 1e-12, 0.5])


def table(lists, label=lambda value: f"{value:.4g}"):
    """targets.csv of a method, with these eigenvalues at each seed."""
    return pd.DataFrame(
        [
            {
                "dataset": "d",
                "seed": seed,
                "method": "m",
                "target_index": index,
                "target": label(value),
                "target_eigenvalue_re": value,
                "target_eigenvalue_im": 0.0,
                "target_dimension": 1,
            }
            for seed, values in enumerate(lists)
            for index, value in enumerate(values)
        ],
    )


LISTS = st.lists(st.lists(EIGENVALUES, min_size=1, max_size=5), min_size=1, max_size=3)


@given(cases=st.lists(LISTS, min_size=20, max_size=20))
@settings(max_examples=max(1, settings().max_examples // 20))
def test_names_tell_the_targets_of_a_fit_apart_whatever_their_labels(cases):
    """Twenty runs at a time, each of a dataset of its own."""
    targets = pd.concat(
        [table(lists).assign(dataset=f"d{case}") for case, lists in enumerate(cases)],
        ignore_index=True,
    )
    names = target_names(targets)
    assert not targets.assign(name=names).duplicated(["dataset", "seed", "name"]).any()
    mixed = targets.sample(frac=1, random_state=0)
    assert target_names(mixed).sort_index().tolist() == names.tolist()


def test_a_target_has_one_name_at_all_seeds_wherever_it_stands_in_their_lists():
    names = target_names(table([[-1.0, -2.0], [-0.5, -1.0 * (1 + 2e-16)], [-1.0]]))
    assert names.tolist() == ["-1", "-2", "-0.5", "-1", "-1"]


def test_two_eigenvalues_of_one_label_are_two_targets():
    names = target_names(table([[-1.999], [-1.9992]], label=lambda _: "-1.999"))
    assert names.tolist() == ["-1.999 #1", "-1.999 #2"]


def test_eigenvalues_are_the_same_to_rounding_alone():
    values = [-1.0, -1 - 1e-15, -1 - 1e-6, 3.0, 3.0 + 1e-13, np.nan, -1.0]
    same = same_eigenvalue(table([values]))
    assert len(set(same[[0, 1, 6]])) == 1
    assert len(set(same[[3, 4]])) == 1
    assert same.nunique() == 4


@pytest.fixture
def near(finished_run):
    """A run whose two targets have one label."""

    tables = Results.read(finished_run)
    value = tables.targets["target_index"].map({0.0: -1.999, 1.0: -1.9992})
    targets = tables.targets.assign(target="-1.999", target_eigenvalue_re=value)
    return tables.fits, targets, tables.provenance


def test_the_map_has_a_column_for_each_of_two_targets_with_one_label(near):
    mapped = run_of(*near).map
    noisy = mapped.targets["dataset"].str.contains("noise")
    assert list(mapped.targets.loc[noisy, "target"]) == ["-1.999 #1", "-1.999 #2"]
    medians = run_of(*near).by_target["digits"]
    for place in noisy[noisy].index:
        _, dataset, target, *_ = mapped.targets.loc[place]
        mine = medians.xs((dataset, target), level=("dataset", "target")).droplevel("problem")
        shown = dict(zip(mapped.methods["method"], mapped.digits[:, place], strict=True))
        assert shown == dict(mine)


def test_a_history_keeps_both_of_two_targets_with_one_label(near):
    fits, targets, provenance = near
    line = promoted_run(run_of(fits, targets, provenance))
    assert set(line.targets["three_populations"]) == {"-1.999 #1", "-1.999 #2"}


def test_a_history_knows_who_competes(near):
    fits, targets, provenance = near
    line = promoted_run(run_of(fits, targets, provenance))
    assert line.roles == {"anchor.exact": "anchor", "anchor.random": "anchor"}
