"""Write recordings that nobody made for koopmark, and two simulated ones whose truth is known.

    python -m venv /tmp/donors
    /tmp/donors/bin/pip install --no-deps statsmodels==0.15.0 nitime==0.12.1 sktime==1.2.0
    python bench/own_data/recordings.py FOLDER --packages /tmp/donors/lib/python3.11/site-packages
    koopmark analyse FOLDER/walking.npz

The packages are not imported: their data are read as files.

file             from                                  licence         what is known of it
elnino.csv       statsmodels, elnino (NOAA ERSST.v3b)  public domain   a cycle of one year
co2.csv          statsmodels, co2 (SIO, Mauna Loa)     public domain   a trend, a cycle of one year
sunspots.csv     statsmodels, sunspots                 public domain   a cycle of about 11 years
fmri.csv         nitime, fmri_timeseries, 28 regions   BSD-3-Clause    bold signals: slow, 1.89 s
walking.npz      sktime, BasicMotions                  BSD-3-Clause    steps, near 2 Hz
vowels.npz       sktime, JapaneseVowels (UCI)          CC BY 4.0       utterances: no cycle
van_der_pol.npz  simulated, 6 noisy channels           ours            limit cycle, period 6.663
rank3.npz        simulated, 40 ragged trials, 12 ch.   ours            -0.3 ± 1.2i, -0.8
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from koopmark import Trajectories

RANK3 = np.array([[-0.3, 1.2, 0.0], [-1.2, -0.3, 0.0], [0.0, 0.0, -0.8]])
"""The linear system behind rank3.npz."""


def elnino(packages: Path) -> Trajectories:
    """Monthly sea surface temperatures, 1950 to 2010, in °C; times in years."""
    table = pd.read_csv(packages / "statsmodels/datasets/elnino/elnino.csv", index_col="YEAR")
    months = table.to_numpy().reshape(-1, 1)
    return Trajectories(months, times=1950 + np.arange(len(months)) / 12)


def co2(packages: Path) -> Trajectories:
    """Monthly means of weekly values, 1958 to 2001, in ppmv, 5 months missing; times in years."""
    path = packages / "statsmodels/datasets/co2/co2.csv"
    weeks = pd.read_csv(path, parse_dates=["date"], index_col="date")
    months = weeks.resample("MS").mean()
    years = months.index.year + (months.index.month - 1) / 12
    return Trajectories(months.to_numpy(), times=years.to_numpy())


def sunspots(packages: Path) -> Trajectories:
    """Yearly numbers, 1700 to 2008."""
    table = pd.read_csv(packages / "statsmodels/datasets/sunspots/sunspots.csv")
    return Trajectories(table[["SUNACTIVITY"]].to_numpy(), dt=1.0)


def fmri(packages: Path) -> Trajectories:
    """Bold signals of 28 regions at rest, 250 volumes, one each 1.89 s."""
    table = pd.read_csv(packages / "nitime/data/fmri_timeseries.csv")
    return Trajectories(table.drop(columns=["WM", "Vent", "Brain"]).to_numpy(), dt=1.89)


def trials(path: Path, label: str | None = None) -> list[NDArray]:
    """The trials (T, N) of a file of the time series archive, of one class or all."""
    lines = path.read_text(encoding="utf-8").split("@data\n")[1].splitlines()
    cut = [line.split(":") for line in lines if line]
    return [
        np.array([[float(value) for value in part.split(",")] for part in parts]).T
        for *parts, of in cut
        if label in (None, of.strip())
    ]


def walking(packages: Path) -> Trajectories:
    """A watch's acceleration and rotation of people who walk: 20 trials of 10 s, six channels."""
    folder = packages / "sktime/datasets/data/BasicMotions"
    files = [folder / f"BasicMotions_{part}.ts" for part in ("TRAIN", "TEST")]
    return Trajectories.from_arrays([t for f in files for t in trials(f, "Walking")], dt=0.1)


def vowels(packages: Path) -> Trajectories:
    """270 utterances of two vowels, 7 to 26 frames of 12 coefficients, a frame each 6.4 ms."""
    folder = packages / "sktime/datasets/data/JapaneseVowels"
    return Trajectories.from_arrays(trials(folder / "JapaneseVowels_TRAIN.ts"), dt=0.0064)


def van_der_pol(noise: float = 0.05, seed: int = 0) -> Trajectories:
    """30 trials of x'' = (1 - x²) x' - x in six channels, two of them nonlinear, with noise."""
    rng = np.random.default_rng(seed)
    times = 0.1 * np.arange(120)
    mixed, bent = rng.normal(size=(2, 4)), rng.normal(size=(2, 2))
    runs = []
    for start in rng.uniform(-2.5, 2.5, size=(30, 2)):
        found = solve_ivp(
            lambda _, x: [x[1], (1 - x[0] ** 2) * x[1] - x[0]],
            (0.0, times[-1]),
            start,
            t_eval=times,
            rtol=1e-9,
            atol=1e-10,
        )
        clean = np.hstack([found.y.T @ mixed, np.tanh(found.y.T @ bent)])
        runs.append(clean + noise * rng.normal(size=clean.shape))
    return Trajectories(np.stack(runs), times=times)


def rank3(noise: float = 0.03, seed: int = 0) -> Trajectories:
    """40 trials of 25 to 60 times of x' = A x, rank 3, in 12 channels with noise."""
    rng = np.random.default_rng(seed)
    step, sensors = expm(0.1 * RANK3), rng.normal(size=(12, 3))
    runs = []
    for length in rng.integers(25, 61, size=40):
        states = [rng.normal(size=3)]
        while len(states) < length:
            states.append(step @ states[-1])
        clean = np.array(states) @ sensors.T
        runs.append(clean + noise * rng.normal(size=clean.shape))
    return Trajectories.from_arrays(runs, dt=0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--packages", type=Path, help="site-packages that have the real ones")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    made = {"van_der_pol.npz": van_der_pol(), "rank3.npz": rank3()}
    if asked.packages:
        made |= {
            "elnino.csv": elnino(asked.packages),
            "co2.csv": co2(asked.packages),
            "sunspots.csv": sunspots(asked.packages),
            "fmri.csv": fmri(asked.packages),
            "walking.npz": walking(asked.packages),
            "vowels.npz": vowels(asked.packages),
        }
    for name, data in made.items():
        data.to_file(asked.folder / name)
        print(f"{name}: {data!r}")


if __name__ == "__main__":
    main()
