# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dictionary with which SPDY/3 primes the compression of headers (draft-mbelshe-httpbis-spdy-00, 2.6.10.1).

A shared constant of the protocol: every byte counts, and zlib checks its checksum (0xE3C6A7C2) on both sides.
"""

from __future__ import annotations

_WORDS = (
    "options|head|post|put|delete|trace|accept|accept-charset|accept-encoding|accept-language|accept-ranges|age|a"
    "llow|authorization|cache-control|connection|content-base|content-encoding|content-language|content-length|co"
    "ntent-location|content-md5|content-range|content-type|date|etag|expect|expires|from|host|if-match|if-modifie"
    "d-since|if-none-match|if-range|if-unmodified-since|last-modified|location|max-forwards|pragma|proxy-authenti"
    "cate|proxy-authorization|range|referer|retry-after|server|te|trailer|transfer-encoding|upgrade|user-agent|va"
    "ry|via|warning|www-authenticate|method|get|status|200 OK|version|HTTP/1.1|url|public|set-cookie|keep-alive|o"
    "rigin"
)
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)

DICTIONARY = b"".join(len(word).to_bytes(4, "big") + word.encode() for word in _WORDS.split("|")) + _TAIL.encode()
