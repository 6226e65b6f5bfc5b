"""LZF decompression, as in binary_compressed PCD files.

Source of the format: Marc Lehmann, LibLZF. A control byte below 32 is followed by that many bytes plus one, verbatim;
any other begins a reference: three bits of length and thirteen of distance into what was already written.
"""

from __future__ import annotations

# A reference of three bytes yields 264 at most, so no honest stream grows by more.
LARGEST_RATIO = 88


def lzf_decompress(data: bytes | memoryview, size: int) -> bytearray:
    """Decompress `data` to exactly `size` bytes; raises ValueError where the stream is corrupt."""
    if size > LARGEST_RATIO * max(len(data), 1):
        raise ValueError(f"{len(data)} compressed bytes cannot hold {size}")
    out = bytearray()
    source, at, end = bytes(data), 0, len(data)
    try:
        while at < end and len(out) <= size:
            control = source[at]
            at += 1
            if control < 32:
                out += source[at : at + control + 1]
                at += control + 1
                continue
            at = _copy_reference(source, at, control, out)
    except IndexError:
        raise ValueError("stream ends within a reference") from None
    if len(out) != size or at != end:
        raise ValueError(f"stream yields {len(out)} bytes where {size} were promised")
    return out


def _copy_reference(source: bytes, at: int, control: int, out: bytearray) -> int:
    """Append what the reference beginning at `at` points to; returns where the next control byte lies."""
    length = control >> 5
    if length == 7:
        length += source[at]
        at += 1
    distance = ((control & 31) << 8) + source[at] + 1
    length += 2
    begin = len(out) - distance
    if begin < 0:
        raise ValueError("reference before the start of the stream")
    if distance >= length:
        out += out[begin : begin + length]
    else:
        piece = out[begin:]
        out += (piece * (length // distance + 1))[:length]
    return at + 1
