"""Where sentences end."""

from __future__ import annotations

import pytest

from factory.questions.wording import sentence_texts

# `|` stands where a sentence ends.
TEXTS = [
    "La dosis es de 2 g.| No debe tomarse en el embarazo.",
    "Espere 2 h.| Luego tome 5 ml.| A las 8 h. repita.",
    "Añada 1 l.| Cueza 5 min.| Cuele.",
    "Contiene vitamina C.| Hierve el agua.",
    "Grupo O.| Es donante.",
    "La vit. D.| Se toma con grasa.",
    "Vitaminas A y D.| Otra cosa.",
    "El Dr. A. García dijo que no.| Luego se fue.",
    "Según J. M. Pérez, sirve.| Otro dice que no.",
    "Se llama E. coli.| Vive en el intestino.",
    "Matricaria chamomilla L., una asterácea.| Crece al sol.",
    "P. ej. la tila.| Véase la fig. 3.| Siga.",
    "En EE. UU. se usaba en el s. XVI.| Hoy no.",
    "Mide 1.70 m y pesa 70.5 kg.| Come bien.",
    "¿Sirve?| No se sabe [3].| «Puede ser.»| Fin.",
]


@pytest.mark.parametrize("marked", TEXTS)
def test_sentences_end_where_a_reader_ends_them(marked: str) -> None:
    """Initials and abbreviations end none, units and letters of names do."""
    assert list(sentence_texts(marked.replace("|", ""))) == [part.strip() for part in marked.split("|")]
