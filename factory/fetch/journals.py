"""Articles of PubMed Central and SciELO, by id or by address → where their JATS XML is.

Sources: NCBI E-utilities (efetch, db=pmc); SciELO's ArticleMeta (format=xmlrsps). Both are made for programs.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from factory.config import ARTICLE_ID, Fetch

_PMC = re.compile(r"\b(PMC\d{3,9})\b", re.IGNORECASE)
_PID = re.compile(r"\b(S\d{4}-\d{3}[\dXx]\d{13})\b", re.IGNORECASE)
# ArticleMeta's collections by the end of the journal's host.
_COLLECTIONS = {
    "scielo.sld.cu": "cub",
    "scielo.isciii.es": "esp",
    "scielo.org.mx": "mex",
    "scielo.cl": "chl",
    "scielo.conicyt.cl": "chl",
    "scielo.org.co": "col",
    "scielo.unal.edu.co": "col",
    "scielo.org.ar": "arg",
    "scielo.br": "scl",
    "scielo.org.pe": "per",
    "scielo.org.ve": "ven",
    "ve.scielo.org": "ven",
    "scielo.sa.cr": "cri",
    "scielo.edu.uy": "ury",
    "scielo.org.bo": "bol",
    "scielo.iics.una.py": "pry",
    "scielo.senescyt.gob.ec": "ecu",
    "scielo.pt": "prt",
    "scielo.mec.pt": "prt",
    "scielo.org.za": "sza",
    "scielosp.org": "spa",
}


def jats_address(given: str, config: Fetch) -> str:
    """Where the XML of an article is: `PMC3166943`, a SciELO id, an article's address, or an XML address as it is."""
    if not ARTICLE_ID.fullmatch(given.strip().upper()):
        host = (urlsplit(given).hostname or "").removeprefix("www.")
        if not ("ncbi.nlm.nih.gov" in host or "scielo" in host) or "efetch" in given or "articlemeta" in host:
            return given
        if given.lower().endswith(".xml") or "format=xml" in given.lower():
            return given
    if found := _PMC.search(given):
        return config.pmc.format(number=found[1].upper().removeprefix("PMC"))
    if found := _PID.search(" ".join(parse_qs(urlsplit(given).query).get("pid", [])) or given):
        address = config.scielo.format(collection=_collection(given), pid=found[1].upper())
        return address.replace("collection=&", "")
    return given


def _collection(given: str) -> str:
    host = (urlsplit(given).hostname or "").removeprefix("www.")
    return next((code for end, code in _COLLECTIONS.items() if host == end or host.endswith("." + end)), "")
