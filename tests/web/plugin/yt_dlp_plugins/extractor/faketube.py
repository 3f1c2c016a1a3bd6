"""Extractors for the loopback channel: the same info dictionaries as YouTube's, so that the real YoutubeDL runs."""

from yt_dlp.extractor.common import InfoExtractor


class FakeTubeIE(InfoExtractor):
    _VALID_URL = r"http://127\.0\.0\.1:\d+/watch\?v=(?P<id>[\w-]{11})"

    def _real_extract(self, url):
        video = self._match_id(url)
        said = self._download_json(f"{url.split('/watch')[0]}/api/video/{video}", video)
        if said.get("error"):
            self.raise_no_formats(said["error"], expected=True, video_id=video)
        if said.pop("warning", None):
            # The beginning of what yt-dlp's own extractor says (yt_dlp/extractor/youtube/_video.py).
            self.report_warning(
                f"{video}: There are missing subtitles languages because a PO token was not provided. "
                "Subtitles for these languages are missing: es. Automatic captions for 157 languages are missing."
            )
        return said | {"webpage_url": url}


class FakeTubeListIE(InfoExtractor):
    _VALID_URL = (
        r"http://127\.0\.0\.1:\d+/(?:(?P<id>@[\w-]+)|playlist\?list=(?P<list>[\w-]+))(?:/(?P<tab>videos|shorts))?$"
    )

    def _real_extract(self, url):
        found = self._match_valid_url(url)
        name = found["id"] or found["list"]
        base = url.split("/@")[0].split("/playlist")[0]
        if name == "@tabs" and not found["tab"]:
            tabs = [self.url_result(f"{base}/{name}/{tab}", FakeTubeListIE) for tab in ("videos", "shorts")]
            return self.playlist_result(tabs, name, "Canal con pestañas", channel=name)

        def entries():
            page = 0
            while True:
                said = self._download_json(
                    f"{base}/api/channel/{name}?page={page}&tab={found.groupdict().get('tab') or ''}",
                    name,
                    note=f"page {page}",
                )
                for entry in said["entries"]:
                    yield self.url_result(
                        f"{base}/watch?v={entry['id']}", FakeTubeIE, entry["id"], entry["title"], **entry["more"]
                    )
                if not said["next"]:
                    return
                page += 1

        return self.playlist_result(entries(), name, f"Canal {name}", channel=name, channel_id="UC" + "x" * 22)
