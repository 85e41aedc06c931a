"""References that the authors of the libraries ask users to cite."""

from collections.abc import Mapping

from koopmark.methods._paper import Paper

PYDMD_2018 = Paper.of(
    "Demo, Nicola",
    "Tezzele, Marco",
    "Rozza, Gianluigi",
    year=2018,
    title="PyDMD: Python Dynamic Mode Decomposition",
    journal="Journal of Open Source Software",
    doi="10.21105/joss.00530",
)
PYDMD_2024 = Paper.of(
    "Ichinaga, Sara M.",
    "Andreuzzi, Francesco",
    "Demo, Nicola",
    "Tezzele, Marco",
    "Lapo, Karl",
    "Rozza, Gianluigi",
    "Brunton, Steven L.",
    "Kutz, J. Nathan",
    year=2024,
    title="PyDMD: A Python Package for Robust Dynamic Mode Decomposition",
    journal="Journal of Machine Learning Research",
    doi="10.48550/arXiv.2402.07463",
)
PYKOOPMAN_2024 = Paper.of(
    "Pan, Shaowu",
    "Kaiser, Eurika",
    "de Silva, Brian M.",
    "Kutz, J. Nathan",
    "Brunton, Steven L.",
    year=2024,
    title="PyKoopman: A Python Package for Data-Driven Approximation of the Koopman Operator",
    journal="Journal of Open Source Software",
    doi="10.21105/joss.05881",
)
DEEPTIME_2022 = Paper.of(
    "Hoffmann, Moritz",
    "Scherer, Martin",
    "Hempel, Tim",
    "Mardt, Andreas",
    "de Silva, Brian M.",
    "Husic, Brooke E.",
    "Klus, Stefan",
    "Wu, Hao",
    "Kutz, J. Nathan",
    "Brunton, Steven L.",
    "Noé, Frank",
    year=2022,
    title="Deeptime: a Python library for machine learning dynamical models from time series data",
    journal="Machine Learning: Science and Technology",
    doi="10.1088/2632-2153/ac3de0",
)
KOOPLEARN_2026 = Paper.of(
    "Turri, Giacomo",
    "Pacreau, Grégoire",
    "Meanti, Giacomo",
    "Devergne, Timothée",
    "Ordoñez-Apraez, Daniel",
    "Mirzaei, Erfan",
    "Belucci, Bruno",
    "Lounici, Karim",
    "Kostic, Vladimir R.",
    "Pontil, Massimiliano",
    "Novelli, Pietro",
    year=2026,
    title="kooplearn: A scikit-learn compatible library of algorithms for evolution "
    "operator learning",
    journal="Journal of Open Source Software",
    doi="10.21105/joss.10342",
)
PYKOOP_2025 = Paper.of(
    "Dahdah, Steven",
    "Forbes, James Richard",
    year=2025,
    title="pykoop: a Python Library for Koopman Operator Approximation",
    journal="Journal of Open Source Software",
    doi="10.21105/joss.07947",
)

LIBRARIES: Mapping[str, tuple[Paper, ...]] = {
    "deeptime": (DEEPTIME_2022,),
    "kooplearn": (KOOPLEARN_2026,),
    "pydmd": (PYDMD_2018, PYDMD_2024),
    "pykoop": (PYKOOP_2025,),
    "pykoopman": (PYKOOPMAN_2024,),
}
"""By the name of the distribution."""
