"""Sources with an address → raw items: who is asked, in which order, and one receipt for each attempt."""
