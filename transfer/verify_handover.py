#!/usr/bin/env python3
"""Checks a handover certificate from the files alone. Needs Python 3.9 or newer and ``cryptography``.

    python verify_handover.py certificate.json [--keys keys.json] [--proof client-proof.json] [--checkpoint FILE]

Exit status: 0 everything fits and the signers are those of ``--keys``; 1 something does not fit, and it
says what; 3 the signatures fit but nobody said whose keys they should be. The format is described in
docs/formats/certificate.md; this program shares no code with the product.
"""

import argparse
import base64
import hashlib
import json
import sys
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class DoesNotFit(Exception):  # noqa: N818
    """What does not fit, in a sentence."""


def read(path):
    """The file's JSON, which must be written exactly in the one agreed way."""
    with open(path, "rb") as handle:  # noqa: PTH123
        data = handle.read()
    try:
        document = json.loads(data)
        written = (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()
    except ValueError as error:
        raise DoesNotFit(f"{path}: not the JSON it should be ({error})") from error
    if written != data:
        raise DoesNotFit(f"{path}: written differently from how it was issued")
    return document, data


def check_signature(public, message, signature, what):
    """Suite byte 1 and an Ed25519 signature over exactly the message."""
    raw = unhex(signature, what)
    if raw[:1] != b"\x01" or len(raw) != 65:
        raise DoesNotFit(f"{what}: not a signature of a known suite")
    try:
        Ed25519PublicKey.from_public_bytes(unhex(public, what)).verify(raw[1:], message)
    except (InvalidSignature, ValueError) as error:
        raise DoesNotFit(f"{what}: the signature does not fit") from error


def unhex(text, what):
    """Bytes of lower-case hex, and of nothing else."""
    try:
        raw = bytes.fromhex(text)
    except (TypeError, ValueError) as error:
        raise DoesNotFit(f"{what}: not hex") from error
    if raw.hex() != text:
        raise DoesNotFit(f"{what}: not lower-case hex")
    return raw


def fingerprint(public):
    """The name by which the parties exchanged a key."""
    return hashlib.sha256(b"\x01" + public).hexdigest()


def expect(condition, sentence):
    if not condition:
        raise DoesNotFit(sentence)


def check_certificate(path):
    """The statement, proved to be signed by both parties it names."""
    document, data = read(path)
    expect(set(document) == {"statement", "signatures"}, f"{path}: not a certificate")
    message = document["statement"].encode()
    statement = json.loads(message)
    expect(statement.get("type") == "handover/certificate/v1", "the statement is not a handover certificate")
    parties = {statement[side]["id"]: statement[side] for side in ("transferor", "transferee")}
    signers = {entry["organisation"] for entry in document["signatures"]}
    expect(
        signers == set(parties) and len(document["signatures"]) == 2, "the signers are not the two parties"
    )
    for entry in document["signatures"]:
        party = parties[entry["organisation"]]
        public = unhex(entry["public"], "public key")
        expect(
            fingerprint(public) == party["certificate_key"],
            f"{party['code']}: another key than the statement names",
        )
        check_signature(
            entry["public"], message, entry["signature"], f"{party['code']}'s signature under the certificate"
        )
    return statement, hashlib.sha256(data).hexdigest()


def check_mandate(statement):
    """Two people's go from each side, over the mandate every batch quotes."""
    mandate = statement["mandate"]
    message = mandate["statement"].encode()
    expect(
        hashlib.sha256(message).hexdigest() == mandate["digest"], "the mandate's digest does not fit its text"
    )
    for side in ("transferor", "transferee"):
        party = statement[side]
        mine = [entry for entry in mandate["signatures"] if entry["organisation"] == party["id"]]
        expect(
            len({entry["person"] for entry in mine}) >= 2,
            f"{party['code']}: fewer than two people signed the mandate",
        )
        for entry in mine:
            check_signature(
                party["custody_key"], message, entry["signature"], f"{party['code']}'s go under the mandate"
            )


def check_batches(statement):
    """Every batch released by the transferor and accepted by the transferee, and together all the clients."""
    giver, taker = statement["transferor"], statement["transferee"]
    counted = 0
    for number, batch in enumerate(statement["batches"], start=1):
        release = json.loads(batch["release"])
        what = f"batch {number}"
        expect(release["batch"] == number, f"{what}: out of order")
        expect((release["giver"], release["taker"]) == (giver["id"], taker["id"]), f"{what}: other parties")
        expect(release["mandate"] == statement["mandate"]["digest"], f"{what}: another mandate")
        expect(release["occasion"] == statement["transfer"]["id"], f"{what}: another transfer")
        check_signature(
            giver["custody_key"], batch["release"].encode(), batch["release_signature"], f"{what}: release"
        )
        acceptance = json.loads(batch["acceptance"])
        expect(acceptance["release"] == batch["release"], f"{what}: the acceptance quotes another release")
        expect(
            acceptance["signature"] == batch["release_signature"],
            f"{what}: the acceptance quotes another signature",
        )
        check_signature(
            taker["custody_key"],
            batch["acceptance"].encode(),
            batch["acceptance_signature"],
            f"{what}: acceptance",
        )
        counted += release["clients"]
    expect(
        counted == statement["clients"],
        f"the batches count {counted} clients, the certificate {statement['clients']}",
    )


def check_checkpoint(statement, kept):
    """The log's signed head, and that a head kept outside belongs to the same log and is no later contradiction."""
    log = statement["log"]
    size, root = read_note(
        log["checkpoint"], log["name"], unhex(log["key"], "log key"), "the log's checkpoint"
    )
    if kept is None:
        return size
    with open(kept, encoding="utf-8") as handle:  # noqa: PTH123
        other_size, other_root = read_note(handle.read(), log["name"], unhex(log["key"], "log key"), kept)
    expect(
        other_size != size or other_root == root, f"{kept}: the log has two different heads of {size} entries"
    )
    return size


def read_note(text, name, public, what):
    """Size and root of a C2SP checkpoint signed by this key."""
    body, separator, signatures = text.partition("\n\n")
    expect(separator, f"{what}: not a signed note")
    body += "\n"
    lines = body.split("\n")
    expect(lines[0] == name, f"{what}: of another log")
    key_id = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    for line in signatures.strip("\n").split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or parts[1] != name:
            continue
        raw = base64.b64decode(parts[2], validate=True)
        if raw[:4] == key_id:
            check_signature(public.hex(), body.encode(), (b"\x01" + raw[4:]).hex(), what)
            return int(lines[1]), base64.b64decode(lines[2], validate=True)
    raise DoesNotFit(f"{what}: not signed by the log's key")


def check_proof(path, statement, digest):
    """One client's record is among those under the certificate's root (RFC 6962)."""
    proof, _ = read(path)
    expect(proof.get("format") == "handover/inclusion/v1", f"{path}: not an inclusion proof")
    expect(proof["certificate"] == digest, f"{path}: of another certificate")
    expect(proof["size"] == statement["clients"], f"{path}: of a tree of another size")
    client = uuid.UUID(proof["client"])
    expect(str(client) == proof["client"], f"{path}: the client's id is written differently")
    body = (
        client.bytes
        + unhex(proof["record_digest"], "record digest")
        + unhex(proof["key_commitment"], "commitment")
    )
    found = hashlib.sha256(b"\x00" + body).digest()
    found = climb(found, proof["index"], proof["size"], [unhex(step, "path") for step in proof["path"]], path)
    expect(found.hex() == statement["root"], f"{path}: the proof does not lead to the certificate's root")


def climb(found, index, size, path, what):
    """The root that a leaf and its audit path lead to."""
    expect(0 <= index < size, f"{what}: no such place in the tree")
    last = size - 1
    steps = iter(path)
    while last > 0:
        if index & 1:
            found = hashlib.sha256(b"\x01" + take(steps, what) + found).digest()
        elif index < last:
            found = hashlib.sha256(b"\x01" + found + take(steps, what)).digest()
        index >>= 1
        last >>= 1
    expect(next(steps, None) is None, f"{what}: the path is too long")
    return found


def take(steps, what):
    step = next(steps, None)
    expect(step is not None, f"{what}: the path is too short")
    return step


def check_keys(path, statement):
    """The signers are those whose keys the parties exchanged."""
    keys, _ = read(path)
    for side in ("transferor", "transferee"):
        party = statement[side]
        expect(
            keys.get(party["id"]) == party["certificate_key"],
            f"{party['code']}: not the key that was exchanged",
        )


def report(statement):
    """What a person must read first."""
    print(
        f"{statement['number']}: {statement['transferor']['name_en']} -> {statement['transferee']['name_en']}"
    )
    for exception in statement["exceptions"]:
        print(
            f"EXCEPTION gate {exception['gate']}: {exception['reason']}"
            f" (asked by {exception['asked_by']}, granted by {exception['granted_by']})"
        )
    for row in statement["open_breaks"]:
        print(f"OPEN BREAK {row['source']} {row['kind']} {row['field']}: {row['count']}")
    for note in statement["notes"]:
        print(f"NOTE {note}")
    print(f"{statement['clients']} clients, root {statement['root']}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Checks a handover certificate from the files alone.")
    parser.add_argument("certificate")
    parser.add_argument("--keys", help="the parties' key fingerprints, exchanged with the agreement")
    parser.add_argument("--proof", help="one client's inclusion proof")
    parser.add_argument("--checkpoint", help="a head of the log that was kept outside")
    wanted = parser.parse_args(arguments)
    try:
        statement, digest = check_certificate(wanted.certificate)
        check_mandate(statement)
        check_batches(statement)
        size = check_checkpoint(statement, wanted.checkpoint)
        if wanted.proof:
            check_proof(wanted.proof, statement, digest)
        if wanted.keys:
            check_keys(wanted.keys, statement)
    except DoesNotFit as misfit:
        print(f"DOES NOT FIT: {misfit}")
        return 1
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as fault:
        print(f"DOES NOT FIT: a file is not what it should be ({type(fault).__name__}: {fault})")
        return 1
    report(statement)
    print(f"log checkpoint of {size} entries, signed")
    if not wanted.keys:
        print("signatures fit, signers not checked (give --keys)")
        return 3
    print("everything fits")
    return 0


if __name__ == "__main__":
    sys.exit(main())
