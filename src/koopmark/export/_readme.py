"""What lies beside the numbers: a README that explains them."""

from koopmark._version import __version__
from koopmark.export._contents import Contents

READ = {
    "npz": (
        "Python",
        "python",
        """import numpy as np

data = np.load("data.npz")
times = data["times"]
phi = {phi}
rate = {rate}
exact = phi[:, :1] * np.exp(rate * times)[None, :, None]
print(abs(phi - exact).max() / abs(phi).max())  # about 0""",
    ),
    "hdf5": (
        "Python (MATLAB, Julia and R read HDF5 too)",
        "python",
        """import h5py
import numpy as np

with h5py.File("data.h5") as data:
    times = data["times"][:]
    phi = {phi_read}
    rate = {rate}
exact = phi[:, :1] * np.exp(rate * times)[None, :, None]
print(abs(phi - exact).max() / abs(phi).max())  # about 0""",
    ),
    "mat": (
        "MATLAB, Octave",
        "matlab",
        """data = load("data.mat");
phi = {phi_mat};
rate = data.eigenvalues_re(1) + 1i * data.eigenvalues_im(1);
exact = phi(:, 1, :) .* exp(rate * data.times.');
disp(max(abs(phi(:) - exact(:))) / max(abs(phi(:))))  % about 0""",
    ),
    "csv": (
        "R",
        "r",
        """data <- read.csv("test.csv")
targets <- read.csv("targets.csv")
rate <- complex(real = targets$eigenvalue_re[1], imaginary = targets$eigenvalue_im[1])
phi <- {phi_r}
first <- ave(seq_along(phi), data$trajectory, FUN = min)
exact <- phi[first] * exp(rate * (data$time - data$time[first]))
print(max(Mod(phi - exact)) / max(Mod(phi)))  # about 0""",
    ),
}
"""How to read a format, and to see that the first eigenfunction obeys its eigenvalue."""

TABLES = {
    "train.csv": "to fit to: a row per trajectory and time; "
    "x1 ... are the units, phiK_1 ... the exact eigenfunctions of target K",
    "test.csv": "the same for test trajectories, clean and from other initial states",
    "targets.csv": "the exact eigenvalues",
}


def readme(contents: Contents, file_format: str, files: list[str]) -> str:
    """Markdown: what the system is, what each array holds, how to read and check it."""
    recipe, dataset = contents.dataset.recipe, contents.dataset
    language, markdown, code = READ[file_format]
    count, steps, n = dataset.train.states.shape
    arrays = {array.name: array.meaning for array in contents.arrays}
    meanings = arrays | TABLES | {f"{name}.csv": meaning for name, meaning in arrays.items()}
    lines = [
        f"# {recipe.title}",
        "",
        recipe.description,
        "",
        f"Trajectories of `{repr(dataset.system).strip('<>')}`, with the exact Koopman "
        "eigenfunctions φ of the system evaluated at every state. An eigenfunction obeys "
        "φ(x(t)) = exp(λ t) φ(x(0)) along every trajectory; λ is its eigenvalue in continuous "
        "time.",
        "",
        f"N = {n} units, T = {steps} times from {dataset.test.times[0]:g} to "
        f"{dataset.test.times[-1]:g}; {count} trajectories to fit to, "
        f"{len(dataset.test.states)} to test on. Made by koopmark {__version__} from the recipe "
        f"`{recipe.name}` with seed {dataset.seed}: `recipe.json` has all of it.",
        "",
        *([trials, ""] if (trials := _trials(contents, file_format)) else []),
        "## Exact eigenvalues",
        "",
        "| target | λ | dimension of the eigenspace | functions given |",
        "|---|---|---|---|",
        *(
            f"| {index} | {_number(target.eigenvalue)} | {target.dimension} | {target.functions} |"
            for index, target in enumerate(contents.targets, start=1)
        ),
        "",
        "The functions given are a basis of the eigenspace, or as many random directions of it "
        "where it is large. Any other basis is as good: compare the spaces they span, by "
        "principal angles.",
        "",
        *(["## The functions at other states", "", contents.formula, ""] * bool(contents.formula)),
        f"## {'Files' if file_format == 'csv' else 'Arrays'}",
        "",
        *(f"* `{name}`: {meanings[name]}" for name in (files if file_format == "csv" else arrays)),
        "",
        f"## To read them: {language}",
        "",
        f"```{markdown}",
        _filled(code, contents),
        "```",
        "",
        "## Citation",
        "",
        f"{recipe.citation}. The data: CITATION.cff.",
        "",
    ]
    return "\n".join(lines)


def _trials(contents: Contents, file_format: str) -> str:
    """What is missing of the trajectories to fit to, and when they were recorded."""
    train, said = contents.dataset.train, []
    if not train.full:
        states, recorded = train.recorded.mask.size, len(train.recorded.rows)
        missing = "an empty cell" if file_format == "csv" else "NaN"
        said.append(
            f"Of the trajectories to fit to {recorded:,} of {states:,} states were recorded: a "
            f"value is {missing} if it is in a gap or behind the end of a trial, and so are the "
            "eigenfunctions at a state of which a value is missing."
        )
    if train.times.ndim == 2:
        where = "`time` in `train.csv`" if file_format == "csv" else "`train_times`"
        said.append(f"Each of them has uneven times of its own ({where}).")
    return " ".join(said + ["The test trajectories are full and even."] * bool(said))


def _filled(code: str, contents: Contents) -> str:
    """The code with the names that the first target's arrays have: complex ones are two."""
    name = "test_eigenfunctions_1"
    whole = any(array.name == name for array in contents.arrays)
    names = [name] if whole else [f"{name}_re", f"{name}_im"]
    columns = ["phi1_1"] if whole else ["phi1_re_1", "phi1_im_1"]

    def combined(parts: list[str], unit: str) -> str:
        return f" + {unit} * ".join(parts)

    return code.format(
        phi=combined([f'data["{part}"]' for part in names], "1j"),
        phi_read=combined([f'data["{part}"][:]' for part in names], "1j"),
        phi_mat=combined([f"data.{part}" for part in names], "1i"),
        phi_r=combined([f"data${part}" for part in columns], "1i"),
        rate='data["eigenvalues_re"][0] + 1j * data["eigenvalues_im"][0]',
    )


def _number(value: complex) -> str:
    real, imaginary = (f"{float(part):+}".removesuffix(".0") for part in (value.real, value.imag))
    return real.lstrip("+") + (f"{imaginary}i" if value.imag else "")
