#!/usr/bin/env python3
"""Checks a handover certificate from the files alone. Needs Python 3.9 or newer and ``cryptography``.

    python verify_handover.py certificate.json [--keys keys.json] [--proof client-proof.json] [--checkpoint FILE]

Exit status: 0 everything fits and the signers are those of ``--keys``; 1 something does not fit, and it
says what; 3 the signatures fit but nobody said whose keys they should be. The format is described in
docs/formats/certificate.md; this program shares no code with the product.
"""

import argparse
import base64
import datetime
import hashlib
import json
import sys
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIDES = ("transferor", "transferee")
HANDOVER, NO_HANDOVER = "handover/certificate/v1", "handover/no-handover/v1"
BY_CONSENT = {"asset_sale"}
COMPARED = {
    "transferee/clients",
    "transferee/accounts",
    "transferee/holdings",
    "depository/holdings",
    "bank/balances",
}
STILL_OPEN = {"open", "explained", "asked"}
STATES = STILL_OPEN | {"corrected", "written_off"}


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


def parse(text, what, *, sort=True):
    """The statement in a signed text, written in the one agreed way, so that no name stands twice."""
    try:
        found = json.loads(text)
        written = json.dumps(found, sort_keys=sort, separators=(",", ":"), ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise DoesNotFit(f"{what}: not the JSON it should be ({error})") from error
    expect(isinstance(found, dict) and written == text, f"{what}: written differently from how it was signed")
    return found


def count(value, what):
    """A number of things: whole and not below zero."""
    expect(isinstance(value, int) and not isinstance(value, bool) and value >= 0, f"{what}: not a count")
    return value


def moment(text, what):
    """A point in time with its offset."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise DoesNotFit(f"{what}: not a moment") from error
    expect(found.tzinfo is not None, f"{what}: a moment without its offset")
    return found


def check_certificate(path):
    """The statement, proved to be signed by both parties it names, and their certificate keys."""
    document, data = read(path)
    expect(set(document) == {"statement", "signatures"}, f"{path}: not a certificate")
    message = document["statement"].encode()
    statement = parse(document["statement"], path, sort=False)
    expect(statement.get("type") in {HANDOVER, NO_HANDOVER}, "the statement is not a handover certificate")
    giver, taker = (statement[side] for side in SIDES)
    for name in ("id", "certificate_key", "custody_key"):
        expect(giver[name] != taker[name], f"both parties have the same {name}")
    parties = {party["id"]: party for party in (giver, taker)}
    signers = {entry["organisation"] for entry in document["signatures"]}
    expect(
        signers == set(parties) and len(document["signatures"]) == 2, "the signers are not the two parties"
    )
    for entry in document["signatures"]:
        party = parties[entry["organisation"]]
        named = fingerprint(unhex(entry["public"], "public key")) == party["certificate_key"]
        expect(named, f"{party['code']}: another key than the statement names")
        what = f"{party['code']}'s signature under the certificate"
        check_signature(entry["public"], message, entry["signature"], what)
    people = {entry["organisation"]: entry["person"] for entry in statement["signers"]}
    expect(
        set(people) == set(parties) and len(statement["signers"]) == len(set(people.values())) == 2,
        "the statement does not name one officer of each party",
    )
    keys = {entry["organisation"]: entry["public"] for entry in document["signatures"]}
    return statement, hashlib.sha256(data).hexdigest(), keys


def check_agreement(statement, keys):
    """The same version signed by both parties, or an executed document, or gate 1 passed by exception."""
    agreement = statement["agreement"]
    excepted = any(row["gate"] == 1 for row in statement["exceptions"])
    if not agreement:
        expect(excepted, "there is no agreement")
        return
    digest = unhex(agreement["digest"], "agreement")
    expect(len(digest) == 32, "agreement: not a digest")
    for row in agreement["signatures"]:
        expect(row["organisation"] in keys, "agreement: signed by somebody else")
        check_signature(
            keys[row["organisation"]], digest, row["signature"], "a signature under the agreement"
        )
    both = {row["organisation"] for row in agreement["signatures"]} == set(keys)
    executed = len(unhex(agreement["executed_document"], "executed document")) == 32
    expect(both or executed or excepted, "the agreement is neither signed by both nor executed")


def check_gates(statement, facts):
    """Each of the seven gates held when people said go, or is among the exceptions on the first page."""
    excepted = covered_facts(statement)
    for row in statement["exceptions"]:
        expect(
            row["asked_by"] != row["granted_by"] != "", f"gate {row['gate']}: one person asked and granted"
        )
    expect([row["gate"] for row in statement["gates"]] == list(range(1, 8)), "not the seven gates")
    signed = {}
    for number, code, ok, _ in facts:
        expect(
            isinstance(ok, bool) and code not in signed.setdefault(number, {}), f"gate {number}: {code} twice"
        )
        signed[number][code] = ok
    for row in statement["gates"]:
        number = row["gate"]
        expect(
            row["facts"] and row["facts"] == signed.get(number),
            f"gate {number}: other facts than were signed",
        )
        expect(row["holds"] == all(row["facts"].values()), f"gate {number}: does not hold by its own facts")
        check_excepted(row, excepted)
    expect(set(signed) == set(range(1, 8)), "the mandate was given on other gates")


def covered_facts(statement):
    """Per gate the facts that granted exceptions cover: those that failed when they were granted."""
    covered = {}
    for row in statement["exceptions"]:
        covered.setdefault(row["gate"], set()).update(row["facts"])
    return covered


def check_excepted(row, covered):
    """A gate whose facts do not all hold was passed by an exception that covers exactly those."""
    failing = {code for code, ok in row["facts"].items() if not ok}
    allowed = row["by_exception"] and failing <= covered.get(row["gate"], set())
    expect(row["holds"] or allowed, f"gate {row['gate']}: closed, no exception covers it")


def check_consent(statement):
    """Where consent carries the move: nobody moved without it, who stayed is counted, the archive lacks nobody."""
    if statement["transfer"]["basis"] not in BY_CONSENT:
        return
    consent, archive, funnel = statement["consent"], statement["archive"], statement["funnel"]
    expect(count(consent["moved_without"], "consent") == 0, "clients moved without consent")
    stayed = funnel["excluded"] + funnel["undeliverable"]
    expect(count(consent["stayed"], "consent") == stayed, "those who stayed are not those of the funnel")
    expect(
        count(archive["missing"], "archive") == 0, "clients who moved do not lie in the transferor's archive"
    )
    expect(count(archive["clients"], "archive") == statement["clients"], "the archive is of other clients")
    expect(len(archive["batches"]) == len(statement["batches"]), "not one archive for each batch")


def check_no_handover(statement):
    """Nothing moved: every client stays, the later gates say why they do not apply, and looks are in the log."""
    expect(statement["clients"] == 0 and not statement.get("batches"), "clients were handed over after all")
    expect(statement["root"] == hashlib.sha256(b"").hexdigest(), "a root over clients where there are none")
    expect(count(statement["wraps_of_transferee"], "keys") == 0, "the other firm holds keys of clients")
    funnel = statement["funnel"]
    total = sum(count(number, f"funnel: {state}") for state, number in funnel.items())
    expect(total == count(statement["book"], "book") == funnel["excluded"], "not every client stayed")
    covered = covered_facts(statement)
    for row in statement["gates"]:
        expect(
            row["holds"] == (bool(row["facts"]) and all(row["facts"].values())),
            f"gate {row['gate']}: its facts",
        )
        check_excepted(row, covered)
    applying = [row["gate"] for row in statement["gates"]]
    others = [row["gate"] for row in statement["gates_not_applying"]]
    expect(
        applying == [1, 2, 3] and others == [4, 5, 6, 7, 8], "not the gates of a transfer without handover"
    )
    for row in statement["gates_not_applying"]:
        expect(row["because"]["en"] and row["because"]["zh"], f"gate {row['gate']}: it does not say why")
    profiles = {row["sha256"] for row in statement["profiles"]}
    size, root = read_note(
        statement["log"]["checkpoint"],
        statement["log"]["name"],
        unhex(statement["log"]["key"], "log key"),
        "the log's checkpoint",
    )
    for look in statement["looks"]:
        expect(look["profile"] in profiles, "a look at a profile that was never released")
        body = unhex(look["entry"], "look")
        expect(
            look["profile"].encode() in body and look["organisation"].encode() in body,
            "a look says otherwise",
        )
        found = climb(hashlib.sha256(b"\x00" + body).digest(), look, size, "look")
        expect(found == root.hex(), "a look that the log's checkpoint does not contain")


def check_mandate(statement):
    """Two different people's go from each side, over the mandate every batch quotes; returns the mandate."""
    mandate = statement["mandate"]
    found = parse(mandate["statement"], "mandate")
    digest = hashlib.sha256(mandate["statement"].encode()).hexdigest()
    expect(digest == mandate["digest"], "the mandate's digest does not fit its text")
    expect(found["type"] == "handover/mandate/v1", "the mandate is no mandate")
    expect(found["transfer"] == statement["transfer"]["id"], "the mandate is of another transfer")
    begins, ends = moment(found["not_before"], "mandate"), moment(found["not_after"], "mandate")
    begun = moment(statement["transfer"]["no_return_at"], "point of no return")
    # Moments of the certificate are whole seconds.
    expect(begins.replace(microsecond=0) <= begun <= ends, "cutover did not begin in the mandate's window")
    drafted = moment(statement["drafted_at"], "drafted")
    expect(begun <= drafted, "drafted before the cutover began")
    check_goes(statement, mandate["signatures"], ("handover/go/v1", "mandate", digest), begun)
    for number, extension in enumerate(mandate["extensions"], start=1):
        later = check_extension(statement, extension, digest, drafted)
        expect(
            later["number"] >= number and moment(later["not_after"], "extension") > ends, "extends nothing"
        )
        ends = moment(later["not_after"], "extension")
    return found


def check_extension(statement, extension, mandate, before):
    """A later end of the window, of this mandate, with two people's go from each side as well."""
    found = parse(extension["statement"], "extension")
    digest = hashlib.sha256(extension["statement"].encode()).hexdigest()
    expect(digest == extension["digest"], "an extension's digest does not fit its text")
    ours = found["type"] == "handover/mandate-extension/v1" and found["mandate"] == mandate
    expect(ours, "an extension is of another mandate")
    check_goes(statement, extension["signatures"], ("handover/extension-go/v1", "extension", digest), before)
    return found


def check_goes(statement, entries, wanted, before):
    """Two different people of each side said go to exactly this, each in time, signed by their organisation."""
    kind, name, digest = wanted
    parties = {statement[side]["id"]: statement[side] for side in SIDES}
    people = {party: set() for party in parties}
    for entry in entries:
        go = parse(entry["go"], "go")
        expect(go["type"] == kind and go[name] == digest, f"a go is for another {name}")
        expect(go["organisation"] in parties, "a go is of neither party")
        party = parties[go["organisation"]]
        what = f"{party['code']}'s go under the {name}"
        check_signature(party["custody_key"], entry["go"].encode(), entry["signature"], what)
        expect(moment(go["at"], what).replace(microsecond=0) <= before, f"{what}: too late")
        expect(all(go["person"] not in said for said in people.values()), f"{what}: the same person twice")
        people[go["organisation"]].add(go["person"])
    for party, said in people.items():
        expect(len(said) >= 2, f"{parties[party]['code']}: fewer than two people signed the {name}")


def check_batches(statement, mandate):
    """Every batch released by the transferor and accepted by the transferee, and together all the clients."""
    counted, last = 0, 0
    for batch in statement["batches"]:
        release = parse(batch["release"], "release")
        what = f"batch {release['batch']}"
        expect(count(release["batch"], what) > last, f"{what}: out of order")
        last = release["batch"]
        check_batch(statement, batch, release, what)
        counted += count(release["clients"], what)
    total = count(statement["clients"], "clients")
    expect(counted == total, f"the batches count {counted} clients, the certificate {total}")
    expect(counted <= count(mandate["clients"], "mandate"), "more clients than the mandate allows")


def check_batch(statement, batch, release, what):
    """One batch: of this transfer and mandate, signed by the giver, and by the taker over the giver's signature."""
    giver, taker = (statement[side] for side in SIDES)
    expect(release["type"] == "handover/release/v1", f"{what}: no release")
    expect((release["giver"], release["taker"]) == (giver["id"], taker["id"]), f"{what}: other parties")
    expect(release["mandate"] == statement["mandate"]["digest"], f"{what}: another mandate")
    expect(release["occasion"] == statement["transfer"]["id"], f"{what}: another transfer")
    check_signature(
        giver["custody_key"], batch["release"].encode(), batch["release_signature"], f"{what}: release"
    )
    acceptance = parse(batch["acceptance"], f"{what}: acceptance")
    expect(acceptance["type"] == "handover/acceptance/v1", f"{what}: no acceptance")
    expect(acceptance["release"] == batch["release"], f"{what}: the acceptance quotes another release")
    quoted = acceptance["signature"] == batch["release_signature"]
    expect(quoted, f"{what}: the acceptance quotes another signature")
    check_signature(
        taker["custody_key"],
        batch["acceptance"].encode(),
        batch["acceptance_signature"],
        f"{what}: acceptance",
    )


def check_counts(statement):
    """The funnel adds up to the book, and reconciliation covered the clients and hides no difference."""
    funnel = statement["funnel"]
    total = sum(count(number, f"funnel: {state}") for state, number in funnel.items())
    expect(
        total == count(statement["book"], "book"), f"the funnel counts {total} of {statement['book']} clients"
    )
    expect(
        funnel["accepted"] == statement["clients"], "the funnel's accepted are not the clients handed over"
    )
    expect(funnel["released"] == 0, "clients are still between the two firms")
    live = {}
    for row in statement["breaks"]:
        expect(
            count(row["count"], "breaks") > 0 and row["state"] in STATES, "a line of the breaks says nothing"
        )
        if row["state"] != "corrected":
            name = f"{row['source']}/{row['kind'].partition('.')[0]}"
            live[name] = live.get(name, 0) + row["count"]
    still = [row for row in statement["breaks"] if row["state"] in STILL_OPEN]
    expect(statement["open_breaks"] == still, "the open breaks are not those of the table")
    compared = statement["reconciliation"]
    expect(set(compared) == COMPARED, "not everything was reconciled")
    for name, row in compared.items():
        expected, actual, equal = (count(row[part], name) for part in ("expected", "actual", "equal"))
        unequal = max(expected, actual) - equal
        expect(unequal >= 0, f"{name}: more rows equal than there are")
        expect(
            live.get(name, 0) >= unequal, f"{name}: {unequal} rows differ, {live.get(name, 0)} breaks say so"
        )
    handed = compared["transferee/clients"]["expected"]
    expect(handed == statement["clients"], "reconciled were other clients than those handed over")


def check_checkpoint(statement, kept):
    """Size of the log's signed head, and of one kept outside: of the same log, and no contradiction.

    That a smaller head grew into a larger one cannot be seen from the two alone; then both sizes are told.
    """
    log = statement["log"]
    size, root = read_note(
        log["checkpoint"], log["name"], unhex(log["key"], "log key"), "the log's checkpoint"
    )
    if kept is None:
        return size, None
    with open(kept, encoding="utf-8") as handle:  # noqa: PTH123
        other_size, other_root = read_note(handle.read(), log["name"], unhex(log["key"], "log key"), kept)
    expect(
        other_size != size or other_root == root, f"{kept}: the log has two different heads of {size} entries"
    )
    return size, other_size


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
    """One client's record is under the certificate's root, and under that of one batch (RFC 6962)."""
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
    expect(
        climb(found, proof, proof["size"], path) == statement["root"],
        f"{path}: does not lead to the certificate's root",
    )
    place = proof["batch"]
    batches = [json.loads(batch["release"]) for batch in statement["batches"]]
    mine = [batch for batch in batches if batch["batch"] == place["number"]]
    expect(len(mine) == 1, f"{path}: no such batch")
    root = climb(found, place, mine[0]["clients"], path)
    expect(root == mine[0]["root"], f"{path}: does not lead to the root both firms signed for its batch")


def climb(found, proof, size, what):
    """The root, in hex, that a leaf and its audit path lead to."""
    index, last = count(proof["index"], what), size - 1
    expect(index <= last, f"{what}: no such place in the tree")
    steps = iter([unhex(step, "path") for step in proof["path"]])
    while last > 0:
        if index & 1:
            found = hashlib.sha256(b"\x01" + take(steps, what) + found).digest()
        elif index < last:
            found = hashlib.sha256(b"\x01" + found + take(steps, what)).digest()
        index >>= 1
        last >>= 1
    expect(next(steps, None) is None, f"{what}: the path is too long")
    return found.hex()


def take(steps, what):
    step = next(steps, None)
    expect(step is not None, f"{what}: the path is too short")
    return step


def check_keys(path, statement):
    """The signers are those whose keys the parties exchanged, and the log is the one they know."""
    keys, _ = read(path)
    expect(keys.get("log") == statement["log"]["key"], "the log's key is not the one that was exchanged")
    for side in SIDES:
        party = statement[side]
        exchanged = keys.get(party["id"]) == party["certificate_key"]
        expect(exchanged, f"{party['code']}: not the key that was exchanged")


def report(statement):
    """What a person must read first."""
    giver, taker = (statement[side] for side in SIDES)
    print(f"{statement['number']}: {giver['name_en']} -> {taker['name_en']}")
    print("signed by " + " and ".join(signer["name"] for signer in statement["signers"]))
    for exception in statement["exceptions"]:
        who = f"asked by {exception['asked_by']}, granted by {exception['granted_by']}"
        print(f"EXCEPTION gate {exception['gate']}: {exception['reason']} ({who})")
    for row in statement["open_breaks"]:
        print(f"OPEN BREAK {row['source']} {row['kind']} {row['field']}: {row['count']}")
    for note in statement["notes"]:
        print(f"NOTE {note}")
    if statement["type"] == NO_HANDOVER:
        looks = len(statement["looks"])
        print(
            f"nothing was handed over: {statement['book']} clients stay; {looks} looks at the masked profile"
        )
        return
    if "consent" in statement:
        kept = f"{statement['archive']['clients']} lie in the transferor's sealed archive"
        print(f"{statement['consent']['stayed']} clients did not consent and stay; {kept}")
    print(f"{statement['clients']} clients, root {statement['root']}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Checks a handover certificate from the files alone.")
    parser.add_argument("certificate")
    parser.add_argument("--keys", help="the parties' key fingerprints, exchanged with the agreement")
    parser.add_argument("--proof", help="one client's inclusion proof")
    parser.add_argument("--checkpoint", help="a head of the log that was kept outside")
    wanted = parser.parse_args(arguments)
    try:
        statement, digest, signers = check_certificate(wanted.certificate)
        check_agreement(statement, signers)
        if statement["type"] == NO_HANDOVER:
            check_no_handover(statement)
        else:
            mandate = check_mandate(statement)
            check_gates(statement, mandate["facts"])
            check_batches(statement, mandate)
            check_counts(statement)
            check_consent(statement)
        size, kept = check_checkpoint(statement, wanted.checkpoint)
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
    if wanted.proof:
        print(f"{wanted.proof}: this client's record is among those handed over")
    if kept not in (None, size):
        print(
            f"NOTE the head kept outside has {kept} entries: signed by the same log; growth is for the log's own proof"
        )
    if not wanted.keys:
        print("signatures fit, signers not checked (give --keys)")
        return 3
    print("everything fits")
    return 0


if __name__ == "__main__":
    sys.exit(main())
