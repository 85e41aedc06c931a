"""Data larger than memory: trajectories on disk, factors in files, a peak that does not grow."""

import tracemalloc

import numpy as np

import koopmark
from koopmark import systems
from koopmark.methods import Nystroem, RandomFourier
from koopmark.methods.own import SnapshotFactor, factorise, linear_model
from koopmark.simulation import Trajectories, simulate

TIMES = np.linspace(0.0, 4.0, 41)


def mapped_trajectories(tmp_path, count):
    system = systems.random_rnn(8, 2, seed=0)
    initial = np.random.default_rng(0).standard_normal((count, 8))
    states = np.lib.format.open_memmap(
        tmp_path / "states.npy", mode="w+", dtype=float, shape=(count, len(TIMES), 8)
    )
    simulate(system, initial, TIMES, rtol=1e-9, out=states)
    on_disk = np.load(tmp_path / "states.npy", mmap_mode="r")
    return Trajectories(on_disk, TIMES)


def test_a_memory_map_gives_the_model_of_the_array(tmp_path):
    mapped = mapped_trajectories(tmp_path, 50)
    in_memory = Trajectories(np.array(mapped.states), TIMES)
    for dictionary in (RandomFourier(30), Nystroem(count=30)):
        models = [
            koopmark.fit("koopmark.qr_edmd", data, dictionary=dictionary)
            for data in (mapped, in_memory)
        ]
        np.testing.assert_array_equal(models[0].eigenvalues, models[1].eigenvalues)


def test_fitting_a_memory_map_never_copies_it(tmp_path):
    peaks = []
    for count in (500, 5000):
        mapped = mapped_trajectories(tmp_path, count)
        tracemalloc.start()
        koopmark.fit("koopmark.qr_edmd", mapped, dictionary=RandomFourier(20))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    more_data = 4500 * len(TIMES) * 8 * 8
    assert peaks[1] - peaks[0] < 0.2 * more_data


def test_factors_from_files_merge_into_the_model_of_all(tmp_path):
    whole = Trajectories(np.array(mapped_trajectories(tmp_path, 60).states), TIMES)
    observables = RandomFourier(20).fitted(whole.states.reshape(-1, 8))
    for index, part in enumerate(np.split(whole.states, 3)):
        factorise(observables, part).save(tmp_path / f"{index}.npz")
    first, second, third = (SnapshotFactor.load(tmp_path / f"{i}.npz") for i in range(3))
    merged = linear_model(third.merge(first).merge(second), observables, whole.dt)
    at_once = linear_model(factorise(observables, whole.states), observables, whole.dt)
    sorted_by = [np.sort_complex(model.eigenvalues) for model in (merged, at_once)]
    np.testing.assert_allclose(*sorted_by, atol=1e-6)
    assert merged.residuals.min() < 1e-6
