"""What an analysis says first."""

import pandas as pd

from koopmark.analysis.recording._clusters import cluster
from koopmark.analysis.recording._sentences import sentences_of
from koopmark.analysis.recording._structures import COLUMNS as STRUCTURE

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
        "Held-out data support 2 eigenvalues: A: -0.3 ± 1.2i (supported for 3 of 3 methods, 90 % "
        "intervals -0.31 to -0.29 and ± 1.19 to 1.21); B: -2 (supported for 1 of 3 methods, 90 % "
        "interval -2.01 to -1.99). Intervals are the scatter over trials, without bias."
    )


def test_sums_of_others_do_not_count_as_further_eigenvalues():
    rows = [pair("m", -1.0 + 0j), pair("m", -2.0 + 0j)]
    (first,) = said(rows)
    assert first.startswith("Held-out data support 1 eigenvalue: A: -1 (")
    assert "; 1 other is within error of sums of supported ones (B = 2A)." in first


def test_nothing_supported_is_said_with_how_much_was_refused():
    rows = [pair("m", -1.0 + 0j, "not supported"), pair("m", -5.0 + 0j, "cannot be told")]
    assert said(rows) == [
        "Held-out data support no eigenvalue but that of the constant: of 2 pairs 1 is refused, "
        "and of 1 it cannot be told."
    ]


def test_if_all_failed_the_only_sentence_says_why():
    rows = [method("a", "failed", "LinAlgError: no"), method("b", "failed", "LinAlgError: no")]
    empty = [pair("a", -1.0 + 0j)]
    assert said(empty, rows) == [
        "None of 2 methods could be fitted to these data, most often because: LinAlgError: no"
    ]


def test_what_is_faster_than_all_that_is_supported_is_counted():
    rows = [pair("m", -1.0 + 0j), *(pair("m", -k + 0j, "cannot be told", k) for k in (3.0, 4.0))]
    assert said(rows)[1] == "None of the 2 pairs with |λ| above 1 is supported."


def test_agreement_that_held_out_data_refuse_is_said_to_be_refused():
    rows = [pair(f"m{k}", -1.0 - 0.001j * k, "not supported") for k in range(4)]
    assert (
        "Methods also agree on A: -1 ± 0.0015i (4 methods), but held-out data refuse it."
        in said(rows)
    )


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
        "told to be better."
    )
    assert said(rows, forecasts=forecast("m", [0.75, 0.75], 10))[-1].startswith(
        "By 10 independent forecasts no method is told to be better than the best of persistence"
    )


def test_a_rank_is_said_with_the_share_of_draws():
    structure = [(-1.0, 5, 2, 2, 3, 3, 0.85, 4.0, "")]
    assert said([pair("m", -1.0 + 0j)], structure=structure)[-1] == (
        "Functions at the common rate -1 support rank 2 of 5 (3 methods, 85 % of draws)."
    )


def test_what_was_left_out_is_said_last():
    rows = [method("m", used=48, of=1043), method("n", "skipped", "needs inputs")]
    assert said([pair("m", -1.0 + 0j)], rows, trials=1)[-1] == (
        "Left out: 1 of 2 methods gave no result: n (skipped); of 1,043 snapshot pairs some "
        "methods used fewer: m (48); there is a single trial: what is held out is its end, and "
        "draws are of blocks of time."
    )
