"""Files that somebody might hand in to do harm, or that are broken, built byte by byte."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)
AVIF = b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf" + bytes(64)
TIFF = b"II*\x00\x08\x00\x00\x00" + bytes(64)
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(64)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """A picture that packs badly, with soft structure so that JPEG keeps it."""
    small = np.random.default_rng(seed).integers(0, 256, (max(2, height // 8), max(2, width // 8), 3), np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int, rows: bytes, *, colour: int = 2, depth: int = 8, more: bytes = b"") -> bytes:
    """A PNG whose header says width x height, whatever rows it holds."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def png_bomb(width: int, height: int) -> bytes:
    """A few kilobytes that unpack to width x height grey pixels."""
    packer = zlib.compressobj(9)
    row = bytes(width + 1)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return png_of(width, height, rows, colour=0)


def with_many_scans(count: int) -> bytes:
    """A progressive JPEG with its last scan over and over: each makes a decoder pass over the whole picture."""
    data = saved(noise(64, 64), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    scan = data[at:-2]
    return data[:at] + scan * count + b"\xff\xd9"


def zip_of(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def with_real_size_above_the_declared(name: str, data: bytes, declared: int) -> bytes:
    """A zip of one entry whose headers say that it is smaller than it is."""
    whole = bytearray(zip_of({name: data}))
    local, central = whole.index(b"PK\x03\x04"), whole.index(b"PK\x01\x02")
    struct.pack_into("<I", whole, local + 22, declared)
    struct.pack_into("<I", whole, central + 24, declared)
    return bytes(whole)
