"""Papers that the methods come from, with DOIs."""

from koopmark.methods._paper import Paper

ARBABI_2017 = Paper.of(
    "Arbabi, Hassan",
    "Mezić, Igor",
    year=2017,
    title="Ergodic theory, dynamic mode decomposition, and computation of spectral "
    "properties of the Koopman operator",
    journal="SIAM Journal on Applied Dynamical Systems",
    doi="10.1137/17M1125236",
)
ASKHAM_2018 = Paper.of(
    "Askham, Travis",
    "Kutz, J. Nathan",
    year=2018,
    title="Variable projection methods for an optimized dynamic mode decomposition",
    journal="SIAM Journal on Applied Dynamical Systems",
    doi="10.1137/M1124176",
)
BADDOO_2022 = Paper.of(
    "Baddoo, Peter J.",
    "Herrmann, Benjamin",
    "McKeon, Beverley J.",
    "Brunton, Steven L.",
    year=2022,
    title="Kernel learning for robust dynamic mode decomposition: linear and nonlinear "
    "disambiguation optimization",
    journal="Proceedings of the Royal Society A",
    doi="10.1098/rspa.2021.0830",
)
BADDOO_2023 = Paper.of(
    "Baddoo, Peter J.",
    "Herrmann, Benjamin",
    "McKeon, Beverley J.",
    "Kutz, J. Nathan",
    "Brunton, Steven L.",
    year=2023,
    title="Physics-informed dynamic mode decomposition",
    journal="Proceedings of the Royal Society A",
    doi="10.1098/rspa.2022.0576",
)
BRUDER_2021 = Paper.of(
    "Bruder, Daniel",
    "Fu, Xun",
    "Vasudevan, Ram",
    year=2021,
    title="Advantages of bilinear Koopman realizations for the modeling and control of systems "
    "with unknown dynamics",
    journal="IEEE Robotics and Automation Letters",
    doi="10.1109/LRA.2021.3068117",
)
BRUNTON_2017 = Paper.of(
    "Brunton, Steven L.",
    "Brunton, Bingni W.",
    "Proctor, Joshua L.",
    "Kaiser, Eurika",
    "Kutz, J. Nathan",
    year=2017,
    title="Chaos as an intermittently forced linear system",
    journal="Nature Communications",
    doi="10.1038/s41467-017-00030-8",
)
COLBROOK_2024 = Paper.of(
    "Colbrook, Matthew J.",
    "Townsend, Alex",
    year=2024,
    title="Rigorous data-driven computation of spectral properties of Koopman operators for "
    "dynamical systems",
    journal="Communications on Pure and Applied Mathematics",
    doi="10.1002/cpa.22125",
)
DAHDAH_2021 = Paper.of(
    "Dahdah, Steven",
    "Forbes, James Richard",
    year=2021,
    title="Linear matrix inequality approaches to Koopman operator approximation",
    journal="arXiv:2102.03613",
    doi="10.48550/arXiv.2102.03613",
)
DAHDAH_2022 = Paper.of(
    "Dahdah, Steven",
    "Forbes, James Richard",
    year=2022,
    title="System norm regularization methods for Koopman operator approximation",
    journal="arXiv:2110.09658",
    doi="10.48550/arXiv.2110.09658",
)
DAWSON_2016 = Paper.of(
    "Dawson, Scott T. M.",
    "Hemati, Maziar S.",
    "Williams, Matthew O.",
    "Rowley, Clarence W.",
    year=2016,
    title="Characterizing and correcting for the effect of sensor noise in the dynamic mode "
    "decomposition",
    journal="Experiments in Fluids",
    doi="10.1007/s00348-016-2127-7",
)
ERICHSON_2019_COMPRESSED = Paper.of(
    "Erichson, N. Benjamin",
    "Brunton, Steven L.",
    "Kutz, J. Nathan",
    year=2019,
    title="Compressed dynamic mode decomposition for background modeling",
    journal="Journal of Real-Time Image Processing",
    doi="10.1007/s11554-016-0655-2",
)
ERICHSON_2019_RANDOMISED = Paper.of(
    "Erichson, N. Benjamin",
    "Mathelin, Lionel",
    "Kutz, J. Nathan",
    "Brunton, Steven L.",
    year=2019,
    title="Randomized dynamic mode decomposition",
    journal="SIAM Journal on Applied Dynamical Systems",
    doi="10.1137/18M1215013",
)
GOLUB_1973 = Paper.of(
    "Golub, Gene H.",
    "Pereyra, Victor",
    year=1973,
    title="The differentiation of pseudo-inverses and nonlinear least squares problems "
    "whose variables separate",
    journal="SIAM Journal on Numerical Analysis",
    doi="10.1137/0710036",
)
GOLUB_1987 = Paper.of(
    "Golub, Gene H.",
    "Hoffman, Alan",
    "Stewart, Gilbert W.",
    year=1987,
    title="A generalization of the Eckart-Young-Mirsky matrix approximation theorem",
    journal="Linear Algebra and its Applications",
    doi="10.1016/0024-3795(87)90114-5",
)
HASELI_2022 = Paper.of(
    "Haseli, Masih",
    "Cortés, Jorge",
    year=2022,
    title="Learning Koopman eigenfunctions and invariant subspaces from data: symmetric "
    "subspace decomposition",
    journal="IEEE Transactions on Automatic Control",
    doi="10.1109/TAC.2021.3105318",
)
HASELI_2023 = Paper.of(
    "Haseli, Masih",
    "Cortés, Jorge",
    year=2023,
    title="Generalizing dynamic mode decomposition: balancing accuracy and expressiveness "
    "in Koopman approximations",
    journal="Automatica",
    doi="10.1016/j.automatica.2023.111001",
)
HEAS_2022 = Paper.of(
    "Héas, Patrick",
    "Herzet, Cédric",
    year=2022,
    title="Low-rank dynamic mode decomposition: an exact and tractable solution",
    journal="Journal of Nonlinear Science",
    doi="10.1007/s00332-021-09770-w",
)
HEMATI_2017 = Paper.of(
    "Hemati, Maziar S.",
    "Rowley, Clarence W.",
    "Deem, Eric A.",
    "Cattafesta, Louis N.",
    year=2017,
    title="De-biasing the dynamic mode decomposition for applied Koopman spectral analysis "
    "of noisy datasets",
    journal="Theoretical and Computational Fluid Dynamics",
    doi="10.1007/s00162-017-0432-2",
)
JOVANOVIC_2014 = Paper.of(
    "Jovanović, Mihailo R.",
    "Schmid, Peter J.",
    "Nichols, Joseph W.",
    year=2014,
    title="Sparsity-promoting dynamic mode decomposition",
    journal="Physics of Fluids",
    doi="10.1063/1.4863670",
)
KAISER_2021 = Paper.of(
    "Kaiser, Eurika",
    "Kutz, J. Nathan",
    "Brunton, Steven L.",
    year=2021,
    title="Data-driven discovery of Koopman eigenfunctions for control",
    journal="Machine Learning: Science and Technology",
    doi="10.1088/2632-2153/abf0f5",
)
KLUS_2020_GENERATOR = Paper.of(
    "Klus, Stefan",
    "Nüske, Feliks",
    "Peitz, Sebastian",
    "Niemann, Jan-Hendrik",
    "Clementi, Cecilia",
    "Schütte, Christof",
    year=2020,
    title="Data-driven approximation of the Koopman generator: model reduction, system "
    "identification, and control",
    journal="Physica D: Nonlinear Phenomena",
    doi="10.1016/j.physd.2020.132416",
)
KLUS_2020_KERNEL = Paper.of(
    "Klus, Stefan",
    "Schuster, Ingmar",
    "Muandet, Krikamol",
    year=2020,
    title="Eigendecompositions of transfer operators in reproducing kernel Hilbert spaces",
    journal="Journal of Nonlinear Science",
    doi="10.1007/s00332-019-09574-z",
)
KORDA_2018 = Paper.of(
    "Korda, Milan",
    "Mezić, Igor",
    year=2018,
    title="Linear predictors for nonlinear dynamical systems: Koopman operator meets model "
    "predictive control",
    journal="Automatica",
    doi="10.1016/j.automatica.2018.03.046",
)
KOSTIC_2022 = Paper.of(
    "Kostic, Vladimir R.",
    "Novelli, Pietro",
    "Maurer, Andreas",
    "Ciliberto, Carlo",
    "Rosasco, Lorenzo",
    "Pontil, Massimiliano",
    year=2022,
    title="Learning dynamical systems via Koopman operator regression in reproducing kernel "
    "Hilbert spaces",
    journal="Advances in Neural Information Processing Systems",
    doi="10.48550/arXiv.2205.14027",
)
LE_CLAINCHE_2017 = Paper.of(
    "Le Clainche, Soledad",
    "Vega, José M.",
    year=2017,
    title="Higher order dynamic mode decomposition",
    journal="SIAM Journal on Applied Dynamical Systems",
    doi="10.1137/15M1054924",
)
LUSCH_2018 = Paper.of(
    "Lusch, Bethany",
    "Kutz, J. Nathan",
    "Brunton, Steven L.",
    year=2018,
    title="Deep learning for universal linear embeddings of nonlinear dynamics",
    journal="Nature Communications",
    doi="10.1038/s41467-018-07210-0",
)
MEANTI_2023 = Paper.of(
    "Meanti, Giacomo",
    "Chatalic, Antoine",
    "Kostic, Vladimir R.",
    "Novelli, Pietro",
    "Pontil, Massimiliano",
    "Rosasco, Lorenzo",
    year=2023,
    title="Estimating Koopman operators with sketching to provably learn large scale "
    "dynamical systems",
    journal="Advances in Neural Information Processing Systems",
    doi="10.48550/arXiv.2306.04520",
)
PEREZ_2013 = Paper.of(
    "Pérez-Hernández, Guillermo",
    "Paul, Fabian",
    "Giorgino, Toni",
    "De Fabritiis, Gianni",
    "Noé, Frank",
    year=2013,
    title="Identification of slow molecular order parameters for Markov model construction",
    journal="The Journal of Chemical Physics",
    doi="10.1063/1.4811489",
)
PROCTOR_2016 = Paper.of(
    "Proctor, Joshua L.",
    "Brunton, Steven L.",
    "Kutz, J. Nathan",
    year=2016,
    title="Dynamic mode decomposition with control",
    journal="SIAM Journal on Applied Dynamical Systems",
    doi="10.1137/15M1013857",
)
SASHIDHAR_2022 = Paper.of(
    "Sashidhar, Diya",
    "Kutz, J. Nathan",
    year=2022,
    title="Bagging, optimized dynamic mode decomposition for robust, stable forecasting "
    "with spatial and temporal uncertainty quantification",
    journal="Philosophical Transactions of the Royal Society A",
    doi="10.1098/rsta.2021.0199",
)
SOEDERSTROEM_1983 = Paper.of(
    "Söderström, Torsten",
    "Stoica, Petre",
    year=1983,
    title="Instrumental variable methods for system identification",
    publisher="Springer",
)
TAKEISHI_2017 = Paper.of(
    "Takeishi, Naoya",
    "Kawahara, Yoshinobu",
    "Yairi, Takehisa",
    year=2017,
    title="Subspace dynamic mode decomposition for stochastic Koopman analysis",
    journal="Physical Review E",
    doi="10.1103/PhysRevE.96.033310",
)
TU_2014 = Paper.of(
    "Tu, Jonathan H.",
    "Rowley, Clarence W.",
    "Luchtenburg, Dirk M.",
    "Brunton, Steven L.",
    "Kutz, J. Nathan",
    year=2014,
    title="On dynamic mode decomposition: theory and applications",
    journal="Journal of Computational Dynamics",
    doi="10.3934/jcd.2014.1.391",
)
TURRI_2023 = Paper.of(
    "Turri, Giacomo",
    "Kostic, Vladimir R.",
    "Novelli, Pietro",
    "Pontil, Massimiliano",
    year=2023,
    title="A randomized algorithm to solve reduced rank operator regression",
    journal="arXiv:2312.17348",
    doi="10.48550/arXiv.2312.17348",
)
WILLIAMS_2001 = Paper.of(
    "Williams, Christopher K. I.",
    "Seeger, Matthias",
    year=2001,
    title="Using the Nyström method to speed up kernel machines",
    journal="Advances in Neural Information Processing Systems",
)
WILLIAMS_2015 = Paper.of(
    "Williams, Matthew O.",
    "Kevrekidis, Ioannis G.",
    "Rowley, Clarence W.",
    year=2015,
    title="A data-driven approximation of the Koopman operator: extending dynamic mode "
    "decomposition",
    journal="Journal of Nonlinear Science",
    doi="10.1007/s00332-015-9258-5",
)
WILLIAMS_2015_KERNEL = Paper.of(
    "Williams, Matthew O.",
    "Rowley, Clarence W.",
    "Kevrekidis, Ioannis G.",
    year=2015,
    title="A kernel-based method for data-driven Koopman spectral analysis",
    journal="Journal of Computational Dynamics",
    doi="10.3934/jcd.2015005",
)
WU_2020 = Paper.of(
    "Wu, Hao",
    "Noé, Frank",
    year=2020,
    title="Variational approach for learning Markov processes from time series data",
    journal="Journal of Nonlinear Science",
    doi="10.1007/s00332-019-09567-y",
)
