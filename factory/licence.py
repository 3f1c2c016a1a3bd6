"""Which licences allow a row to be published.

Sources: SPDX licence list; Creative Commons legal codes; youtube.com/t/terms (section
"Permissions and Restrictions") for `youtube-standard`. Unknown is never allowed.
"""

from __future__ import annotations

import re

# Redistribution and derived works allowed, for any purpose.
_OPEN = re.compile(
    r"""^(?:
        public-domain | CC0-1\.0 | PDDL-1\.0 | CC-PDDC
      | CC-BY-(?:1\.0|2\.0|2\.5|3\.0|4\.0)(?:-[A-Z]{2,3})?
      | CC-BY-SA-(?:1\.0|2\.0|2\.5|3\.0|4\.0)(?:-[A-Z]{2,3})?
      | MIT | Apache-2\.0 | BSD-[23]-Clause | ODC-By-1\.0 | ODbL-1\.0 | GFDL-1\.[123](?:-only|-or-later)?
      | OGL-UK-3\.0 | etalab-2\.0
    )$""",
    re.VERBOSE,
)


def publishable(licence: str | None) -> bool:
    """True only for a licence known to allow publishing derived works for any purpose."""
    return licence is not None and _OPEN.match(licence) is not None


def refusal(licence: str | None) -> str | None:
    """Why a row of this licence may not be published, as a slug; None where it may."""
    if publishable(licence):
        return None
    folded = (licence or "unknown").lower()
    if folded == "unknown":
        return "licence_unknown"
    if re.search(r"\bnc\b|-nc-|-nc$", folded):
        return "licence_non_commercial"
    if re.search(r"-nd-|-nd$", folded):
        return "licence_no_derivatives"
    if folded == "youtube-standard":
        return "licence_youtube_standard"
    return "licence_not_open"
