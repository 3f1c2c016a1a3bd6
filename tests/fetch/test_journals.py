"""Where the XML of an article is, by id or address."""

from __future__ import annotations

import pytest

from factory.config import Fetch
from factory.fetch.journals import jats_address

PMC = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/efetch.fcgi?db=pmc&id=3166943&rettype=xml"
SCIELO = "https://articlemeta.scielo.org/api/v1/article/?collection=cub&code=S0864-21252011000300001&format=xmlrsps"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("PMC3166943", PMC),
        ("https://pmc.ncbi.nlm.nih.gov/articles/PMC3166943/", PMC),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/pmc3166943/?report=reader", PMC),
        (PMC, PMC),
        ("S0864-21252011000300001", SCIELO.replace("collection=cub&", "")),
        ("http://scielo.sld.cu/scielo.php?script=sci_arttext&pid=S0864-21252011000300001&lng=es", SCIELO),
        ("http://www.scielo.org.mx/scielo.php?pid=S0036-36341997000100003", SCIELO.replace("cub", "mex").replace("S0864-21252011000300001", "S0036-36341997000100003")),
        (SCIELO, SCIELO),
        ("https://example.org/article.xml", "https://example.org/article.xml"),
        ("https://example.org/PMC3166943", "https://example.org/PMC3166943"),
    ],
)  # fmt: skip
def test_where_the_xml_is(given: str, address: str) -> None:
    """Ids and pages of the two archives become addresses made for programs; other addresses stay."""
    assert jats_address(given, Fetch()) == address
