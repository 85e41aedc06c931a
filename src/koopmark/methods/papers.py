"""The papers that methods come from, with their DOIs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """Authors and year, and the DOI if there is one.

    Parameters
    ----------
    text : str
        Such as "Williams, Kevrekidis and Rowley 2015".
    doi : str
        Such as "10.1007/s00332-015-9258-5"; empty if the paper has none.
    """

    text: str
    doi: str = ""

    @property
    def url(self) -> str:
        """Where the DOI leads; empty without one."""
        return f"https://doi.org/{self.doi}" if self.doi else ""

    def __str__(self) -> str:
        return f"{self.text}, doi:{self.doi}" if self.doi else self.text


ARBABI_2017 = Paper("Arbabi and Mezić 2017", "10.1137/17M1125236")
ASKHAM_2018 = Paper("Askham and Kutz 2018", "10.1137/M1124176")
BADDOO_2022 = Paper("Baddoo, Herrmann, McKeon and Brunton 2022", "10.1098/rspa.2021.0830")
BADDOO_2023 = Paper("Baddoo, Herrmann, McKeon, Kutz and Brunton 2023", "10.1098/rspa.2022.0576")
BRUNTON_2017 = Paper(
    "Brunton, Brunton, Proctor, Kaiser and Kutz 2017", "10.1038/s41467-017-00030-8"
)
COLBROOK_2024 = Paper("Colbrook and Townsend 2024", "10.1002/cpa.22125")
DAHDAH_2021 = Paper("Dahdah and Forbes 2021", "10.48550/arXiv.2102.03613")
DAHDAH_2022 = Paper("Dahdah and Forbes 2022", "10.48550/arXiv.2110.09658")
DAWSON_2016 = Paper("Dawson, Hemati, Williams and Rowley 2016", "10.1007/s00348-016-2127-7")
ERICHSON_2019_COMPRESSED = Paper("Erichson, Brunton and Kutz 2019", "10.1007/s11554-016-0655-2")
ERICHSON_2019_RANDOMISED = Paper("Erichson, Mathelin, Kutz and Brunton 2019", "10.1137/18M1215013")
GOLUB_1973 = Paper("Golub and Pereyra 1973", "10.1137/0710036")
GOLUB_1987 = Paper("Golub, Hoffman and Stewart 1987", "10.1016/0024-3795(87)90114-5")
HASELI_2022 = Paper("Haseli and Cortés 2022", "10.1109/TAC.2021.3105318")
HASELI_2023 = Paper("Haseli and Cortés 2023", "10.1016/j.automatica.2023.111001")
HEAS_2016 = Paper("Héas and Herzet 2016", "10.48550/arXiv.1610.02962")
HEMATI_2017 = Paper("Hemati, Rowley, Deem and Cattafesta 2017", "10.1007/s00162-017-0432-2")
JOVANOVIC_2014 = Paper("Jovanović, Schmid and Nichols 2014", "10.1063/1.4863670")
KAISER_2021 = Paper("Kaiser, Kutz and Brunton 2021", "10.1088/2632-2153/abf0f5")
KLUS_2020_GENERATOR = Paper(
    "Klus, Nüske, Peitz, Niemann, Clementi and Schütte 2020", "10.1016/j.physd.2020.132416"
)
KLUS_2020_KERNEL = Paper("Klus, Schuster and Muandet 2020", "10.1007/s00332-019-09574-z")
KOSTIC_2022 = Paper(
    "Kostic, Novelli, Maurer, Ciliberto, Rosasco and Pontil 2022", "10.48550/arXiv.2205.14027"
)
LE_CLAINCHE_2017 = Paper("Le Clainche and Vega 2017", "10.1137/15M1054924")
LUSCH_2018 = Paper("Lusch, Kutz and Brunton 2018", "10.1038/s41467-018-07210-0")
MEANTI_2023 = Paper(
    "Meanti, Chatalic, Kostic, Novelli, Pontil and Rosasco 2023", "10.48550/arXiv.2306.04520"
)
PEREZ_2013 = Paper(
    "Pérez-Hernández, Paul, Giorgino, De Fabritiis and Noé 2013", "10.1063/1.4811489"
)
SASHIDHAR_2022 = Paper("Sashidhar and Kutz 2022", "10.1098/rsta.2021.0199")
SOEDERSTROEM_1983 = Paper("Söderström and Stoica 1983")
TAKEISHI_2017 = Paper("Takeishi, Kawahara and Yairi 2017", "10.1103/PhysRevE.96.033310")
TU_2014 = Paper("Tu, Rowley, Luchtenburg, Brunton and Kutz 2014", "10.3934/jcd.2014.1.391")
TURRI_2023 = Paper("Turri et al. 2023", "10.48550/arXiv.2312.17348")
WILLIAMS_2001 = Paper("Williams and Seeger 2001")
WILLIAMS_2015 = Paper("Williams, Kevrekidis and Rowley 2015", "10.1007/s00332-015-9258-5")
WILLIAMS_2015_KERNEL = Paper("Williams, Rowley and Kevrekidis 2015", "10.3934/jcd.2015005")
WU_2020 = Paper("Wu and Noé 2020", "10.1007/s00332-019-09567-y")
