"""What lies beside the numbers: a README that explains them."""

from koopmark._version import __version__
from koopmark.export.contents import Contents

READ = {
    "npz": (
        "Python",
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
        """data = load("data.mat");
phi = {phi_mat};
rate = data.eigenvalues_re(1) + 1i * data.eigenvalues_im(1);
exact = phi(:, 1, :) .* exp(rate * data.times.');
disp(max(abs(phi(:) - exact(:))) / max(abs(phi(:))))  % about 0""",
    ),
    "csv": (
        "R",
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


def readme(contents: Contents, file_format: str, files: list[str]) -> str:
    """Markdown: what the system is, what each array holds, how to read and check it."""
    recipe, dataset = contents.dataset.recipe, contents.dataset
    language, code = READ[file_format]
    count, steps, n = dataset.train.states.shape
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
        f"N = {n} units, T = {steps} times from {dataset.train.times[0]:g} to "
        f"{dataset.train.times[-1]:g}; {count} trajectories to fit to, "
        f"{len(dataset.test.states)} to test on. Made by koopmark {__version__} from the recipe "
        f"`{recipe.name}` with seed {dataset.seed}: `recipe.json` has all of it.",
        "",
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
        *(_elsewhere(contents) if contents.formula else []),
        f"## {'Files' if file_format == 'csv' else 'Arrays'}",
        "",
        *(_tables(contents, files) if file_format == "csv" else _arrays(contents)),
        "",
        f"## To read them: {language}",
        "",
        f"```{ {'npz': 'python', 'hdf5': 'python', 'mat': 'matlab', 'csv': 'r'}[file_format] }",
        _filled(code, contents),
        "```",
        "",
        "## Citation",
        "",
        f"{recipe.citation}. The data: CITATION.cff.",
        "",
    ]
    return "\n".join(lines)


def _elsewhere(contents: Contents) -> list[str]:
    return ["## The functions at other states", "", contents.formula, ""]


def _arrays(contents: Contents) -> list[str]:
    return [f"* `{array.name}`: {array.meaning}" for array in contents.arrays]


def _tables(contents: Contents, files: list[str]) -> list[str]:
    meanings = {
        "train.csv": "to fit to: a row per trajectory and time; "
        "x1 ... are the units, phiK_1 ... the exact eigenfunctions of target K",
        "test.csv": "the same for test trajectories, clean and from other initial states",
        "targets.csv": "the exact eigenvalues",
    }
    arrays = {f"{array.name}.csv": array.meaning for array in contents.arrays}
    return [f"* `{name}`: {meanings.get(name) or arrays[name]}" for name in files]


def _filled(code: str, contents: Contents) -> str:
    """The code with the names that the first target's arrays have: complex ones are two."""
    name = "test_eigenfunctions_1"
    names = (
        [name]
        if any(array.name == name for array in contents.arrays)
        else [
            f"{name}_re",
            f"{name}_im",
        ]
    )
    columns = ["phi1_1"] if len(names) == 1 else ["phi1_re_1", "phi1_im_1"]

    def combined(parts: list[str], unit: str) -> str:
        return parts[0] if len(parts) == 1 else f"{parts[0]} + {unit} * {parts[1]}"

    return code.format(
        phi=combined([f'data["{part}"]' for part in names], "1j"),
        phi_read=combined([f'data["{part}"][:]' for part in names], "1j"),
        phi_mat=combined([f"data.{part}" for part in names], "1i"),
        phi_r=combined([f"data${part}" for part in columns], "1i"),
        rate='data["eigenvalues_re"][0] + 1j * data["eigenvalues_im"][0]',
    )


def _number(value: complex) -> str:
    return f"{value.real:.17g}" if value.imag == 0 else f"{value.real:.17g}{value.imag:+.17g}i"
