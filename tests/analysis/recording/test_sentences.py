"""What an analysis says first."""

import numpy as np
import pandas as pd
import pytest
from form import faults

import koopmark
from koopmark.analysis.recording._clusters import CONSTANT, cluster
from koopmark.analysis.recording._sentences import _disturbed, sentences_of
from koopmark.analysis.recording._structures import COLUMNS as STRUCTURE
from koopmark.simulation import Trajectories

SKILL = ["method", "steps", "lead", "error", "skill", "forecasts", "independent", "told"]


def pair(method, value, verdict="supported", half=0.01):
    return {
        "method": method,
        "eigenvalue_re": value.real,
        "eigenvalue_im": value.imag,
        "low_re": value.real - half,
        "high_re": value.real + half,
        "low_im": value.imag - half * (value.imag > 0),
        "high_im": value.imag + half * (value.imag > 0),
        "verdict": verdict,
        "eigenvalue_bound": 0.02,
    }


def method(name, status="ok", reason="", used=100, of=100):
    return {
        "method": name,
        "status": status,
        "reason": reason,
        "pairs_used": used,
        "of": of,
    }


def said(pairs, methods=None, forecasts=(), structure=(), trials=20):
    table = pd.DataFrame(pairs)
    rows = methods or [method(name) for name in dict.fromkeys(table["method"])]
    clusters, names = cluster(table, horizon=5.0, of=len(rows))
    table["cluster"] = names
    return sentences_of(
        table,
        clusters,
        pd.DataFrame(forecasts, columns=SKILL),
        pd.DataFrame(structure, columns=STRUCTURE),
        pd.DataFrame(rows),
        trials,
    )


def test_what_methods_agree_on_comes_first_with_its_interval():
    rows = [pair(f"m{k}", -0.3 + 1.2j) for k in range(3)] + [pair("m0", -2.0 + 0j)]
    (first,) = said(rows)
    assert first == (
        "Held-out data support 2 eigenvalues: A = -0.3 ± 1.2i (supported in 3 of 3 methods, 90 "
        "% intervals: Re -0.31 to -0.29, Im ±(1.19 to 1.21)); B = -2 (supported in 1 of 3 "
        "methods, 90 % interval -2.01 to -1.99). Intervals measure the scatter over trials, not "
        "bias."
    )


def test_sums_of_others_do_not_count_as_further_eigenvalues():
    rows = [pair("m", -1.0 + 0j), pair("m", -2.0 + 0j)]
    (first,) = said(rows)
    assert first.startswith("Held-out data support 1 eigenvalue: A = -1 (")
    assert " 1 more supported eigenvalue is a sum of others within error: B = 2A." in first


def test_nothing_supported_is_said_with_how_much_was_refused():
    rows = [pair("m", -1.0 + 0j, "not supported"), pair("m", -5.0 + 0j, "cannot be told")]
    assert said(rows) == [
        "Held-out data support no eigenvalue except that of the constant function. Of 2 pairs, "
        "they contradict 1; for 1, noise hides the answer."
    ]


def test_if_all_failed_the_only_sentence_says_why():
    rows = [method("a", "failed", "LinAlgError: no"), method("b", "failed", "LinAlgError: no")]
    empty = [pair("a", -1.0 + 0j)]
    assert said(empty, rows) == [
        "None of 2 methods could be fitted to these data. Most frequent reason: “LinAlgError: no”."
    ]


def test_without_a_fit_or_a_reason_there_is_a_sentence_all_the_same():
    empty = [pair("a", -1.0 + 0j)]
    assert said(empty, [method("a", "timeout")]) == [
        "None of 1 method could be fitted to these data."
    ]
    clusters, table = pd.DataFrame(), pd.DataFrame(empty)
    none = pd.DataFrame([method("a")]).head(0)
    assert sentences_of(table, clusters, table, table, none, 20) == [
        "No method has been fitted to these data yet."
    ]


def test_what_is_faster_than_all_that_is_supported_is_counted():
    rows = [pair("m", -1.0 + 0j), *(pair("m", -k + 0j, "cannot be told", k) for k in (3.0, 4.0))]
    assert said(rows)[1] == "Held-out data support none of the 2 pairs with |λ| above 1."


def test_agreement_that_held_out_data_refuse_is_said_to_be_refused():
    rows = [pair(f"m{k}", -1.0 - 0.001j * k, "not supported") for k in range(4)]
    assert (
        "Methods also agree on A = -1 ± 0.0015i (4 methods), which held-out data contradict."
    ) in said(rows)


def forecast(name, skills, count):
    return [
        (name, k + 1, 0.1 * (k + 1), 0.5, skill, 9 * count, count, told(skill, count))
        for k, skill in enumerate(skills)
    ]


def told(skill, count):
    return "better" if count >= 20 and skill > 0.5 else ""


def test_a_forecast_is_best_where_enough_forecasts_tell_it_from_the_baselines():
    rows = [pair("m", -1.0 + 0j)]
    skills = forecast("m", [0.75, 0.75, 0.0], 100) + forecast("other", [0.1, 0.1, 0.1], 100)
    assert said(rows, forecasts=skills)[-1] == (
        "Best forecast: m, whose error at lead 0.1 is 50 % below that of the best of persistence, "
        "the mean and a linear predictor (100 independent forecasts); beyond lead 0.2 it is not "
        "significantly better."
    )
    assert said(rows, forecasts=forecast("m", [0.75, 0.75], 10))[-1].startswith(
        "10 independent forecasts are too few to show that a method is better than the best of "
    )


def test_a_rank_is_said_with_the_share_of_draws():
    structure = [(-1.0, 5, 2, 2, 3, 3, 0.85, 4.0, "")]
    assert said([pair("m", -1.0 + 0j)], structure=structure)[-1] == (
        "Eigenfunctions with the common rate -1 support rank 2 of 5 (3 methods, 85 % of draws)."
    )


def test_what_was_left_out_is_said_last():
    rows = [method("m", used=48, of=1043), method("n", "skipped", "needs inputs")]
    assert said([pair("m", -1.0 + 0j)], rows, trials=1)[-1] == (
        "1 of 2 methods gave no result: n (skipped). Some methods used fewer than the 1,043 "
        "snapshot pairs of the training data: m (48). There is only one trial, so its end is held "
        "out, and intervals come from resampled blocks of its time."
    )


def refused(methods=5, support=0):
    """Pairs of methods with different results, the first of which are supported."""
    verdicts = ["supported"] * support + ["not supported"] * (methods - support)
    return [pair(f"m{k}", -1.0 - k + 0j, verdict) for k, verdict in enumerate(verdicts)]


def errors(ratio, count):
    mean = ("mean", 1, 0.1, 1.0, 0.0, count, count, "")
    return [mean, ("m0", 1, 0.1, ratio, 0.0, count, count, "")]


def disturbed(sentences):
    return any("dynamics themselves are disturbed" in one for one in sentences)


def test_disturbances_are_named_only_if_the_data_can_be_forecast_and_nearly_all_is_refused():
    assert disturbed(said(refused(), forecasts=errors(0.5, 40)))
    assert not disturbed(said(refused(), forecasts=errors(0.95, 40)))
    assert not disturbed(said(refused(), forecasts=errors(0.5, 4)))
    assert not disturbed(said(refused(support=1), forecasts=errors(0.5, 40)))
    # Methods that compute the same count once.
    copies = [pair(f"m{k}", -1.0 + 0j, "not supported") for k in range(5)]
    assert not disturbed(said(copies, forecasts=errors(0.5, 40)))


def test_a_share_has_its_interval_and_too_few_pairs_of_a_twin_have_none():
    table = pd.DataFrame([pair("m", -1.0 + 0j)])
    clusters, table["cluster"] = cluster(table, horizon=5.0, of=1)
    empty = [pd.DataFrame(columns=names) for names in (SKILL, STRUCTURE)]
    methods = pd.DataFrame([method("m")])
    told = clusters.assign(share_true=0.99, share_low=0.56, share_high=1.0)
    many = sentences_of(table, told, *empty, methods, 20, twin=10)
    assert "99 % (56 to 100 %) of such pairs are true on the twin" in many[0]
    assert len(many) == 1
    few = sentences_of(table, clusters.assign(share_true=np.nan), *empty, methods, 20, twin=3)
    assert "twin" not in few[0]
    assert few[1] == (
        "The twin does not say what share of such pairs is true: methods found 3 independent "
        "pairs on it, and at least 10 are needed."
    )


def drawn(rng):
    """Tables of a random analysis: few or many methods, some failed, with any verdict on a pair."""
    names = [f"m{k}" for k in range(int(rng.integers(1, 7)))]
    statuses = ["ok" if k == 0 or rng.random() < 0.7 else "failed" for k in range(len(names))]
    rows = [
        method(name, status, used=int(rng.choice([48, 1043])), of=1043)
        for name, status in zip(names, statuses, strict=True)
    ]
    common = [-1.0 + 0j, -2.0 + 0j, *(complex(*rng.normal(size=2)) for _ in range(3))]
    likely = rng.dirichlet(np.ones(3))
    pairs = [
        pair(
            name,
            value if rng.random() < 0.7 else value * (1.0 + 0.3 * rng.random()),
            str(rng.choice(["supported", "not supported", "cannot be told"], p=likely)),
            float(rng.choice([0.01, np.nan])),
        )
        for name, status in zip(names, statuses, strict=True)
        for value in common
        if status == "ok" and rng.random() < 0.8
    ]
    pairs = pairs or [pair("m0", -1.0 + 0j)]
    count = int(rng.choice([1, 10, 100]))
    forecasts = [one for name in names for one in forecast(name, rng.uniform(-1, 1, 3), count)]
    forecasts += errors(0.5, count)[:1]
    share = float(rng.choice([0.85, np.nan]))
    structure = [(-1.0, 5, int(rng.integers(1, 6)), 2, 3, int(rng.integers(1, 4)), share, 4.0, "")]
    return pairs, rows, forecasts, structure, int(rng.integers(1, 4))


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_analysis_its_sentences_are_well_formed(seed):
    pairs, rows, *others = drawn(np.random.default_rng(seed))
    names = tuple(one["method"] for one in rows)
    assert [fault for text in said(pairs, rows, *others) for fault in faults(text, names)] == []


@pytest.mark.parametrize("told", ["", "worse"])
def test_sentences_without_a_model_or_a_good_forecast_are_well_formed(told):
    nothing = said([pair("m", -1.0 + 0j)], [method("m", "failed", "LinAlgError: no")])
    skill = [("m", 1, 0.1, 0.5, -0.2, 9, 9, told)]
    poor = said([pair("m", -1.0 + 0j)], forecasts=skill)
    assert [fault for text in nothing + poor for fault in faults(text, ("m",))] == []


def oscillator(seed, drive, noise):
    """Trials of x⁺ = Px + drive·ξ, λ = -0.1 ± 1.5i, through three channels with noise."""
    rng = np.random.default_rng(seed)
    turn = np.array([[np.cos(0.15), np.sin(0.15)], [-np.sin(0.15), np.cos(0.15)]])
    sensors, states = rng.normal(size=(2, 3)), [rng.normal(size=(20, 2))]
    for _ in range(49):
        states.append(np.exp(-0.01) * states[-1] @ turn + drive * rng.normal(size=(20, 2)))
    clean = np.stack(states, axis=1) @ sensors
    noisy = clean + noise * clean.std() * rng.normal(size=clean.shape)
    return Trajectories(noisy, 0.1 * np.arange(50))


@pytest.mark.parametrize(("drive", "expected"), [(0.14, [2, 3]), (0.0, [0])])
def test_a_disturbed_oscillator_is_called_so_in_most_draws_and_an_undisturbed_one_never(
    drive, expected
):
    count = 0
    for seed in range(3):
        fitted, held_out = oscillator(seed, drive, 0.3 if seed == 2 else 0.05).split(0.3)
        tables = []
        for name in ("qr_edmd", "tls_edmd", "iv_edmd"):
            options = {"dictionary": {"kind": "monomials", "degree": 1}}
            model = koopmark.fit(f"koopmark.{name}", fitted, **options)
            found = koopmark.residuals(model, held_out)
            values = found["eigenvalue"].to_numpy(complex)
            constant = found["verdict"].eq("supported") & found["eigenvalue_bound"].isna()
            tables.append(
                found.assign(
                    method=name,
                    eigenvalue_re=values.real,
                    eigenvalue_im=values.imag,
                    cluster=np.where(constant, CONSTANT, ""),
                )
            )
        skill = pd.DataFrame(errors(0.5, 40), columns=SKILL)
        empty = pd.DataFrame({"verdict": []})
        count += bool(_disturbed(pd.concat(tables), empty, skill))
    assert count in expected
