"""The native handshake with `noiseprotocol`, an implementation of Noise that is not ours."""

import hashlib
import os
import struct
import time
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from noise.connection import Keypair, NoiseConnection

from .native_wire import ACCEPT, HELLO, HELLO_ANSWER, INIT, REFUSAL, VERSION, Reader

PROLOGUE = b"chatd/1"
CHACHA_POLY, AES_GCM = 0, 1


class Refused(Exception):
    """The server said no: 1 wrong password, 2 full, 3 too many from this address."""

    def __init__(self, reason):
        super().__init__(f"refused, reason {reason}")
        self.reason = reason


@dataclass
class HelloAnswer:
    """What the server says to anybody."""

    cookie: bytes
    key: bytes
    needs_password: bool
    salt: bytes
    present: int
    name: str


def hello(nonce, size=256):
    return struct.pack(">BBQ", HELLO, VERSION, nonce).ljust(size, b"\0")


def read_hello_answer(datagram, nonce):
    """The answer to the Hello of `nonce`, or None."""
    reader = Reader(datagram)
    if reader.uint(1) != HELLO_ANSWER:
        return None
    version, its_nonce = reader.uint(1), reader.uint(8)
    if (version, its_nonce) != (VERSION, nonce):
        return None
    assert len(datagram) <= 256
    cookie, key, flags, salt = (reader.bytes(count) for count in (24, 32, 1, 16))
    answer = HelloAnswer(cookie, key, bool(flags[0] & 1), salt, reader.uint(4), reader.vtext())
    assert abs(reader.uint(8) - time.time()) < 60
    assert not reader.data
    assert answer.needs_password or salt == bytes(16)
    return answer


def password_key(password, salt):
    # Only here, so that servers without a password need no Argon2.
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(password.encode(), salt, 2, 64 << 10, 1, 32, Type.ID)


class Direction:
    """The keys of one direction, one phase after the other, and the cipher that uses them."""

    def __init__(self, key, cipher):
        self.keys = [key]
        self.cipher = cipher

    def _aead(self, phase, number):
        """The cipher with its key, and the nonce of a packet (Noise §12.3, §12.4)."""
        if self.cipher == AES_GCM:
            return AESGCM(self.key(phase)), struct.pack(">IQ", 0, number)
        return ChaCha20Poly1305(self.key(phase)), struct.pack("<IQ", 0, number)

    def key(self, phase):
        """REKEY of Noise §4.2 with ChaChaPoly, whatever the cipher, as often as it takes."""
        while len(self.keys) <= phase:
            nonce = bytes(4) + b"\xff" * 8
            sealed = ChaCha20Poly1305(self.keys[-1]).encrypt(nonce, bytes(32), b"")
            self.keys.append(sealed[:32])
        return self.keys[phase]

    def seal(self, phase, number, text, header):
        aead, nonce = self._aead(phase, number)
        return aead.encrypt(nonce, text, header)

    def open(self, phase, number, sealed, header):
        """None where it was not sealed so."""
        aead, nonce = self._aead(phase, number)
        try:
            return aead.decrypt(nonce, sealed, header)
        except InvalidTag:
            return None


class Handshake:
    """Init, and what the server answers to it."""

    def __init__(self, answer, static, password=None, offers_aes=True):
        self.offers_aes = offers_aes
        self.id = int.from_bytes(os.urandom(4), "big")
        self.noise = NoiseConnection.from_name(
            b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b" if answer.needs_password
            else b"Noise_IK_25519_ChaChaPoly_BLAKE2b")
        self.noise.set_as_initiator()
        self.noise.set_prologue(PROLOGUE)
        self.noise.set_keypair_from_private_bytes(Keypair.STATIC, static)
        self.noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, answer.key)
        self.psk = password_key(password, answer.salt) if answer.needs_password else None
        if self.psk:
            self.noise.set_psks(self.psk)
        self.noise.start_handshake()
        self.init = struct.pack(">BB", INIT, VERSION) + answer.cookie + self._first_message()
        state = self.noise.noise_protocol.symmetric_state
        self.refusal_key = self.noise.noise_protocol.hkdf(state.ck, b"refusal", 2)[0][:32]

    def _first_message(self):
        """The payload depends on the hash just before it is sealed, so it is made there."""
        state = self.noise.noise_protocol.symmetric_state
        seal = state.encrypt_and_hash
        mark = b"the payload"

        def seal_payload(text):
            if text is mark:
                text = struct.pack(">IB", self.id, int(self.offers_aes))
                if self.psk:
                    text += hashlib.blake2b(state.h, digest_size=32, key=self.psk).digest()
            return seal(text)

        state.encrypt_and_hash = seal_payload
        first = bytes(self.noise.write_message(mark))
        del state.encrypt_and_hash
        return first

    def read_answer(self, datagram):
        """Whether this was an Accept to this Init; raises what a Refusal says."""
        if len(datagram) < 5 or struct.unpack(">I", datagram[1:5])[0] != self.id:
            return False
        if datagram[0] == REFUSAL and len(datagram) == 22:
            mac = hashlib.blake2b(datagram[:6], digest_size=16, key=self.refusal_key).digest()
            if mac == datagram[6:]:
                raise Refused(datagram[5])
        if datagram[0] != ACCEPT:
            return False
        reader = Reader(self.noise.read_message(datagram[5:]))
        self.server_id, self.reset_token = reader.uint(4), reader.bytes(16)
        self.cipher = reader.uint(1)
        assert not reader.data
        assert self.cipher == CHACHA_POLY or self.offers_aes
        protocol = self.noise.noise_protocol
        self.sending = Direction(protocol.cipher_state_encrypt.k, self.cipher)
        self.receiving = Direction(protocol.cipher_state_decrypt.k, self.cipher)
        return True
