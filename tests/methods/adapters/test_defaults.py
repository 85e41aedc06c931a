"""What a method says that its library does by default is what the library's own signature says."""

import inspect
from dataclasses import fields
from pkgutil import resolve_name

import pytest

from koopmark import methods
from koopmark.methods import Identity
from koopmark.methods.kernels import Linear

# For each class the one of the library, and where and how that writes an option of ours if not in
# a parameter of the same name and with the same value: None if the library has no such option.
KERNEL = {"kernel": ("kernel_metric", {Linear(): "linear"}), "max_pairs": None}
IN_KOOPLEARN = {"kernel": ("kernel", {Linear(): "linear"}), "max_pairs": None}
IN_KOOPLEARN["n_components"] = ("n_components", {-1: None})
WINDOWS = {"delays": ("d", {})}
ENCODER, DECODER = "config_encoder", "config_decoder"
SIGNATURES = {
    "pydmd.DMD": ("pydmd:DMD", {}),
    "pydmd.FbDMD": ("pydmd:FbDMD", {}),
    "pydmd.OptDMD": ("pydmd:OptDMD", {}),
    "pydmd.KernelEDMD": ("pydmd:EDMD", KERNEL),
    "pydmd.DMDc": ("pydmd:DMDc", {}),
    # At which state it is linearised its user says afterwards.
    "pydmd.LANDO": ("pydmd:LANDO", {**KERNEL, "base": None}),
    "pydmd.SpDMD": ("pydmd:SpDMD", {}),
    "pydmd.CDMD": ("pydmd:CDMD", {"compression": ("compression_matrix", {})}),
    "pydmd.RDMD": ("pydmd:RDMD", {}),
    "pydmd.SubspaceDMD": ("pydmd:SubspaceDMD", {}),
    "pydmd.HankelDMD": ("pydmd:HankelDMD", WINDOWS),
    "pydmd.HODMD": ("pydmd:HODMD", WINDOWS),
    "pydmd.VarProDMD": ("pydmd:VarProDMD", {}),
    "pydmd.BOPDMD": ("pydmd:BOPDMD", {"tolerance": ("pydmd.bopdmd:BOPDMDOperator tol", {})}),
    "pykoopman.Koopman": ("pykoopman:Koopman", {}),
    "pykoopman.KoopmanContinuous": ("pykoopman:KoopmanContinuous", {}),
    "pykoopman.IdentityEDMD": ("pykoopman.observables:Identity", {}),
    "pykoopman.PolynomialEDMD": ("pykoopman.observables:Polynomial", {}),
    "pykoopman.RadialEDMD": (
        "pykoopman.observables:RadialBasisFunction",
        {"count": ("n_centers", {}), "bandwidth": ("kernel_width", {None: 1.0})},
    ),
    "pykoopman.FourierEDMD": (
        "pykoopman.observables:RandomFourierFeatures",
        {
            "count": ("D", {}),
            "bandwidth": ("gamma", {None: 1.0}),
            "state": ("include_state", {}),
        },
    ),
    "pykoopman.DMDc": (
        "pykoopman.regression:DMDc",
        {name: (name, {-1: None}) for name in ("svd_rank", "svd_output_rank")},
    ),
    "pykoopman.IdentityEDMDc": ("pykoopman.observables:Identity", {}),
    "pykoopman.PolynomialEDMDc": ("pykoopman.observables:Polynomial", {}),
    "pykoopman.DelayEDMD": (
        "pykoopman.observables:TimeDelay",
        {"svd_rank": ("pykoopman.regression:EDMD svd_rank", {-1: 1.0})},
    ),
    # Without a kernel of ours the rank is PyKoopman's too.
    "pykoopman.KDMD": (
        "pykoopman.regression:KDMD",
        {"kernel": ("kernel", {None: "RBF(length_scale=1)"}), "svd_rank": None, "max_pairs": None},
    ),
    "pykoopman.NNDMD": (
        "pykoopman.regression:NNDMD",
        {
            "hidden": (f"{ENCODER} hidden_sizes", {}),
            "latent": (f"{ENCODER} output_size", {}),
            "activation": (f"{ENCODER} activations", {}),
            "decoder": (f"{DECODER} hidden_sizes", {}),
            # Without a number Lightning stops after a thousand, and says so when it does.
            "max_epochs": ("lightning:Trainer max_epochs", {1000: None}),
        },
    ),
    "deeptime.DMD": ("deeptime.decomposition:DMD", {}),
    "deeptime.VAMP": ("deeptime.decomposition:VAMP", {}),
    "deeptime.TICA": ("deeptime.decomposition:TICA", {}),
    "kooplearn.Ridge": ("kooplearn.linear_model:Ridge", {}),
    "kooplearn.KernelRidge": ("kooplearn.kernel:KernelRidge", IN_KOOPLEARN),
    "kooplearn.Nystroem": (
        "kooplearn.kernel:NystroemKernelRidge",
        {**IN_KOOPLEARN, "n_centers": ("n_centers", {None: 0.1})},
    ),
    "pykoop.DMD": ("pykoop:Dmd", {}),
    "pykoop.EDMD": ("pykoop:Edmd", {}),
    "pykoop.EDMDc": ("pykoop:Edmd", {}),
    "pykoop.DMDc": (
        "pykoop:Dmdc",
        {"rank": ("tsvd_unshifted", {-1: None}), "output_rank": ("tsvd_shifted", {-1: None})},
    ),
    "pykoop.HinfLmiEDMD": ("pykoop.lmi_regressors:LmiEdmdHinfReg", {}),
    # Its weight is of a penalty that it does not have then.
    "pykoop.LmiEDMD": (
        "pykoop.lmi_regressors:LmiEdmd",
        {"penalty": ("alpha", {"none": 0}), "alpha": None},
    ),
    "pykoop.SpectralRadiusLmiEDMD": ("pykoop.lmi_regressors:LmiEdmdSpectralRadiusConstr", {}),
}
DEFAULTS = {
    f"{default.tags.library}.{type(default).__name__}": default
    for name in methods.names()
    for default in [type(methods.get(name)).library_default()]
    if default is not None and default.tags.library != "koopmark"
}


def test_every_method_with_a_default_of_its_library_is_compared():
    assert set(SIGNATURES) == set(DEFAULTS)


def default_of(cls, where):
    """The default of a parameter, or of an entry of one: `parameter`, `parameter entry` or
    `module:Class parameter`."""
    words = where.split()
    if ":" in words[0]:
        cls, words = resolve_name(words[0]), words[1:]
    value = inspect.signature(cls.__init__).parameters[words[0]].default
    assert value is not inspect.Parameter.empty
    return value[words[1]] if len(words) > 1 else value


@pytest.mark.parametrize("which", DEFAULTS)
def test_a_default_is_what_the_signature_of_the_library_says(which):
    method = DEFAULTS[which]
    where, spelled = SIGNATURES[which]
    for field in fields(method):
        mine = getattr(method, field.name)
        if field.name == "dictionary":
            # A library without a dictionary is given the states as they are.
            assert mine == Identity(constant=False)
        elif field.name != "seed" and spelled.get(field.name, "") is not None:
            parameter, written = spelled.get(field.name, (field.name, {}))
            theirs = default_of(resolve_name(where), parameter)
            if parameter == "kernel":
                theirs = str(theirs)
            wanted = written.get(mine, mine)
            assert (list(wanted) if isinstance(wanted, tuple) else wanted) == theirs, field.name


def test_what_its_user_must_choose_has_no_default_in_the_library_either():
    for where, parameter in [
        ("deeptime.decomposition:EDMD", "basis"),
        ("deeptime.decomposition:KernelEDMD", "kernel"),
        ("pydmd:PiDMD", "manifold"),
        ("pykoopman.observables:CustomObservables", "observables"),
    ]:
        taken = inspect.signature(resolve_name(where).__init__).parameters
        assert taken[parameter].default is inspect.Parameter.empty
