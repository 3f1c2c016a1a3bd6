"""Questions and answers over a corpus: passages, two lanes that write, one set of gates, evidence verified by code."""
