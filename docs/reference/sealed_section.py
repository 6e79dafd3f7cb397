#!/usr/bin/env python3
"""Seals the example of format.md with nothing but Python's standard library.

Written from format.md, not from Daybook's code, so that the two check each other. Prints the tag,
the ciphertext and the key that lets an outsider check this one section.
"""
import hashlib
import hmac
import struct


def hkdf_expand(key, info, length):  # RFC 5869, 2.3
    out, block, count = b"", b"", 1
    while len(out) < length:
        block = hmac.new(key, block + info + bytes([count]), hashlib.sha256).digest()
        out, count = out + block, count + 1
    return out[:length]


def quarter(s, a, b, c, d):
    for x, y, z, r in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        v = s[z] ^ s[x]
        s[z] = ((v << r) | (v >> (32 - r))) & 0xFFFFFFFF


def rounds(state):
    s = list(state)
    for _ in range(10):
        for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                  (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(s, *q)
    return s


def xchacha20(key, nonce, data):  # draft-irtf-cfrg-xchacha-03, 2.3; RFC 8439, 2.4
    sigma = struct.unpack("<4I", b"expand 32-byte k")
    s = rounds(sigma + struct.unpack("<8I", key) + struct.unpack("<4I", nonce[:16]))
    subkey = struct.unpack("<8I", struct.pack("<8I", *s[:4], *s[12:]))
    out = bytearray()
    for counter in range((len(data) + 63) // 64):
        state = sigma + subkey + (counter, 0) + struct.unpack("<2I", nonce[16:])
        block = [(a + b) & 0xFFFFFFFF for a, b in zip(rounds(state), state)]
        out += struct.pack("<16I", *block)
    return bytes(a ^ b for a, b in zip(data, out))


if __name__ == "__main__":
    slot_key, book, event = bytes([7] * 32), bytes([1] * 16), bytes([2] * 16)
    kind, schema, index, klass, subject = 12, 1, 0, 0, bytes([1]) + b"K-1"
    plaintext = b"Wang Wei"
    context = (b"daybook" + book + event + struct.pack("<HH", kind, schema)
               + bytes([index, klass]) + subject)
    okm = hkdf_expand(slot_key, b"daybook section v1" + event + bytes([index]), 64)
    tag = hmac.new(okm[:32], struct.pack("<Q", len(context)) + context + plaintext,
                   hashlib.sha256).digest()
    print("tag", tag.hex())
    print("ciphertext", xchacha20(okm[32:], tag[:24], plaintext).hex())
    print("mac_key", okm[:32].hex())
