"""The README of an exported dataset."""

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

STEPWISE = {
    "npz": """import numpy as np

data = np.load("data.npz")
phi, mu = data["test_eigenfunctions_1"], data["multipliers_re"][0]
exact = mu * phi[:, :-1]{ + data["test_inputs"][:, :-1] @ data["gains_1"].T}
print(abs(phi[:, 1:] - exact).max() / abs(phi).max())  # about 0""",
    "hdf5": """import h5py

with h5py.File("data.h5") as data:
    phi, mu = data["test_eigenfunctions_1"][:], data["multipliers_re"][0]
    exact = mu * phi[:, :-1]{ + data["test_inputs"][:, :-1] @ data["gains_1"][:].T}
print(abs(phi[:, 1:] - exact).max() / abs(phi).max())  # about 0""",
    "mat": """data = load("data.mat");
phi = data.test_eigenfunctions_1;
exact = data.multipliers_re(1) * phi(:, 1:end-1, :);{
for k = 1:size(phi, 3)
    for j = 1:size(data.test_inputs, 3)
        exact(:, :, k) = exact(:, :, k) + data.gains_1(k, j) * data.test_inputs(:, 1:end-1, j);
    end
end}
error = phi(:, 2:end, :) - exact;
disp(max(abs(error(:))) / max(abs(phi(:))))  % about 0""",
    "csv": """data <- read.csv("test.csv")
mu <- read.csv("targets.csv")$multiplier_re[1]
phi <- data$phi1_1
exact <- mu * phi{
v <- as.matrix(data[, grep("^v[0-9]+$", names(data))])
exact <- exact + v %*% t(read.csv("gains_1.csv"))[, 1]}
following <- which(diff(data$trajectory) == 0)
print(max(abs(phi[following + 1] - exact[following])) / max(abs(phi)))  # about 0""",
}
"""The same from one sample to the next, of maps and under inputs; in braces what inputs add."""

TABLES = {
    "train.csv": "to fit to: a row per trajectory and time; "
    "x1 ... are the units or channels, v1 ... the inputs, phiK_1 ... the exact eigenfunctions of "
    "target K",
    "test.csv": "the same for test trajectories, clean and from other initial states",
    "targets.csv": "the exact eigenvalues",
}


def readme(contents: Contents, file_format: str, files: list[str]) -> str:
    """Markdown that describes the system and each array, and how to read and check them."""
    recipe, dataset = contents.dataset.recipe, contents.dataset
    language, markdown, code = READ[file_format]
    stepwise = dataset.key.discrete or any(target.driven for target in contents.targets)
    count, steps, n = dataset.train.states.shape
    whole = dataset.recipe.sensors(dataset.seed) is None
    arrays = {array.name: array.meaning for array in contents.arrays}
    meanings = arrays | TABLES | {f"{name}.csv": meaning for name, meaning in arrays.items()}
    lines = [
        f"# {recipe.title}",
        "",
        recipe.description,
        "",
        f"Trajectories of `{repr(dataset.system).strip('<>')}`, with the exact Koopman "
        f"eigenfunctions φ of the system evaluated at every state. {_law(contents)}",
        "",
        *([seen, ""] if (seen := _sensors(contents)) else []),
        f"{'N' if whole else 'p'} = {n} {'units' if whole else 'channels'}, T = {steps} times "
        f"from {dataset.test.times[0]:g} to {dataset.test.times[-1]:g}; {count} trajectories to "
        f"fit to, {len(dataset.test.states)} to test on. Made by koopmark {__version__} from the "
        f"recipe `{recipe.name}` with seed {dataset.seed}: `recipe.json` has all of it.",
        "",
        *([trials, ""] if (trials := _trials(contents, file_format)) else []),
        "## Exact eigenvalues",
        "",
        f"| target | {'μ' if dataset.key.discrete else 'λ'} | dimension of the eigenspace | "
        "functions given |",
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
        *([driven, ""] if (driven := _driven(contents)) else []),
        *(["## The functions at other states", "", contents.formula, ""] * bool(contents.formula)),
        f"## {'Files' if file_format == 'csv' else 'Arrays'}",
        "",
        *(f"* `{name}`: {meanings[name]}" for name in (files if file_format == "csv" else arrays)),
        "",
        f"## To read them: {language}",
        "",
        f"```{markdown}",
        _stepwise(file_format, contents) if stepwise else _filled(code, contents),
        "```",
        "",
        "## Citation",
        "",
        f"{recipe.citation}. The data: CITATION.cff.",
        "",
    ]
    return "\n".join(lines)


def _law(contents: Contents) -> str:
    """What an eigenfunction obeys."""
    key = contents.dataset.key
    if key.discrete:
        law = (
            "The system is a map, and the unit of time one step. An eigenfunction obeys "
            "φ(x(t)) = μᵗ φ(x(0)) along every trajectory; μ is its eigenvalue"
        )
    else:
        law = (
            "An eigenfunction obeys φ(x(t)) = exp(λ t) φ(x(0)) along every trajectory; λ is its "
            "eigenvalue in continuous time"
        )
    if any(target.driven for target in contents.targets):
        law += ", unless inputs drive it: then it obeys φ⁺ = μφ + g v from each sample to the next"
    return f"{law}."


def _sensors(contents: Contents) -> str:
    """What is seen of the state."""
    dataset = contents.dataset
    n, seen = dataset.system.size, dataset.train.states.shape[2]
    if dataset.recipe.sensors(dataset.seed) is None:
        return ""
    said = f"Of its {n} units {seen} channels are seen, C x with C = `sensors`: x below are these"
    if dataset.key.latent:
        said += (
            ". No known eigenfunction is a function of one sample of them: what is given are "
            "functions of the whole state, `test_latent`"
        )
    return f"{said}."


def _driven(contents: Contents) -> str:
    """Which targets respond to inputs, and how."""
    targets = list(enumerate(contents.targets, start=1))
    if not any(target.driven for _, target in targets):
        return ""
    driven = ", ".join(str(index) for index, target in targets if target.driven)
    rest = ", ".join(str(index) for index, target in targets if not target.driven)
    said = (
        f"Inputs v (`train_inputs`, `test_inputs`) are held from each sample to the next and drive "
        f"the functions of target {driven}: φ⁺ = μφ + g v, with μ from `multipliers_re` and row j "
        "of `gains_K` the g of function j of target K. Products of such functions have no gains of "
        "their own: each factor moves in this way."
    )
    return f"{said} Target {rest} obeys its eigenvalue whatever the inputs are." if rest else said


def _stepwise(file_format: str, contents: Contents) -> str:
    """The code that checks one sampling interval, with what inputs add if they drive target 1."""
    before, _, rest = STEPWISE[file_format].partition("{")
    added, _, after = rest.partition("}")
    return before + (added if contents.targets[0].driven else "") + after


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
    real, imaginary = (f"{float(part):+.12g}" for part in (value.real, value.imag))
    return real.lstrip("+") + (f"{imaginary}i" if value.imag else "")
