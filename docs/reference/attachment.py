#!/usr/bin/env python3
"""Seals the attachment of format.md with nothing but Python's standard library.

Written from format.md, not from Daybook's code, so that the two check each other. Prints the
attachment's id, the whole stored file, and its SHA-256. The cipher's rounds are in
sealed_section.py beside this file.
"""
import binascii
import hashlib
import hmac
import struct

from sealed_section import hkdf_expand, rounds

SIGMA = struct.unpack("<4I", b"expand 32-byte k")


def chacha20(key, counter, nonce, data):  # RFC 8439, 2.4
    out = bytearray()
    for number in range((len(data) + 63) // 64):
        state = SIGMA + key + (counter + number,) + struct.unpack("<3I", nonce)
        block = [(a + b) & 0xFFFFFFFF for a, b in zip(rounds(state), state)]
        out += struct.pack("<16I", *block)
    return bytes(a ^ b for a, b in zip(data, out))


def poly1305(key, message):  # RFC 8439, 2.5
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s, total = int.from_bytes(key[16:], "little"), 0
    for at in range(0, len(message), 16):
        block = int.from_bytes(message[at:at + 16] + b"\x01", "little")
        total = (total + block) * r % ((1 << 130) - 5)
    return ((total + s) & ((1 << 128) - 1)).to_bytes(16, "little")


def padded(data):
    return data + bytes(-len(data) % 16)


def seal(key, nonce, associated, plaintext):  # draft-irtf-cfrg-xchacha-03, 2; RFC 8439, 2.8
    s = rounds(SIGMA + struct.unpack("<8I", key) + struct.unpack("<4I", nonce[:16]))
    subkey, short = tuple(s[:4] + s[12:]), bytes(4) + nonce[16:]
    ciphertext = chacha20(subkey, 1, short, plaintext)
    tag = poly1305(chacha20(subkey, 0, short, bytes(32)), padded(associated) + padded(ciphertext)
                   + struct.pack("<QQ", len(associated), len(ciphertext)))
    return ciphertext + tag


slot_key, book, slot = bytes([7] * 32), bytes([1] * 16), 5
content, chunk_size = b"recorded on 2026-03-31", 65536
id_key = hkdf_expand(slot_key, b"daybook attachment id v1", 32)
attachment = hmac.new(id_key, content, hashlib.sha256).digest()
enc_key = hkdf_expand(slot_key, b"daybook attachment v1" + attachment, 32)
header = (b"daybook attach 1" + book + attachment
          + struct.pack("<QQI", slot, len(content), chunk_size) + bytes(8))
header += struct.pack("<I", binascii.crc32(header))
stored = header
starts = range(0, max(len(content), 1), chunk_size)
for number, start in enumerate(starts):
    last = number + 1 == len(starts)
    nonce = struct.pack("<QB", number, last) + bytes(15)
    stored += seal(enc_key, nonce, header, content[start:start + chunk_size])
print("attachment", attachment.hex())
print("stored_hash", hashlib.sha256(stored).hexdigest())
print("file", (stored + hashlib.sha256(stored).digest()).hex())
