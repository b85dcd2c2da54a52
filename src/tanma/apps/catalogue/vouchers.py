"""Vouchers 凭证: the invoice or ledger behind a declared figure, kept with its digest.

Files lie under the home, named by us; the row knows the name that they were handed in under. The
same content for the same enterprise and period is one voucher.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from tanma.apps.catalogue.models import Voucher
from tanma.apps.people.door import Viewer
from tanma.domain.messages import Problem
from tanma.domain.periods import Period

KINDS = {
    ".pdf": b"%PDF-", ".png": b"\x89PNG", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff",
    ".xlsx": b"PK\x03\x04", ".ofd": b"PK\x03\x04",
}  # fmt: skip
"""Suffix → how such a file begins."""
LIMIT_BYTES = 20 * 10**6


def keep(
    upload: UploadedFile, subject: int, period: Period, note: str, viewer: Viewer,
    number: str = "",
) -> Voucher:  # fmt: skip
    """Store one file; handed in again it comes back as the voucher that it is."""
    viewer.require("declare", subject)
    name = Path(upload.name or "file").name
    size, suffix = upload.size or 0, Path(name).suffix.lower()
    if size > LIMIT_BYTES:
        raise Problem("voucher_too_large", file=name, size=f"{size / 1e6:.1f}", limit=20)
    content = upload.read()
    if suffix not in KINDS or not content.startswith(KINDS[suffix]):
        raise Problem("voucher_kind", file=name, kinds=" ".join(KINDS))
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    about = {"subject": subject, "period": period.text, "digest": digest}
    known = Voucher.objects.filter(**about).first()
    if known:
        return known
    voucher = Voucher(
        **about, file=name[-200:], size=size, note=note, number=number,
        user=viewer.user_id, who=viewer.name,
    )  # fmt: skip
    place(voucher).parent.mkdir(parents=True, exist_ok=True)
    place(voucher).write_bytes(content)
    voucher.save()
    return voucher


def place(voucher: Voucher) -> Path:
    """Where the file lies; no name from outside reaches the disk."""
    suffix = Path(voucher.file).suffix.lower()
    return Path(settings.TANMA.uploads) / "vouchers" / f"{voucher.uid}{suffix}"


def intact(voucher: Voucher) -> bool:
    """Whether the file is still the one that was handed in."""
    path = place(voucher)
    if not path.exists():
        return False
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}" == voucher.digest
