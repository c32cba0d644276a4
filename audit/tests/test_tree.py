"""The tree against RFC 6962's vectors and against the plain definition."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import tree

# The eight leaves of the widely used reference tree (certificate-transparency's merkle tree tests).
BODIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
sizes = st.integers(min_value=1, max_value=70)


def leaves_of(count):
    return [tree.leaf_hash(b"%d" % number) for number in range(count)]


def plain_root(leaves):
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + plain_root(leaves[:k]) + plain_root(leaves[k:])).digest()


def plain_path(index, leaves):
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*plain_path(index, leaves[:k]), plain_root(leaves[k:])]
    return [*plain_path(index - k, leaves[k:]), plain_root(leaves[:k])]


def plain_consistency(old, leaves, whole=True):
    if old == len(leaves):
        return [] if whole else [plain_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if old <= k:
        return [*plain_consistency(old, leaves[:k], whole), plain_root(leaves[k:])]
    return [*plain_consistency(old - k, leaves[k:], False), plain_root(leaves[:k])]


def node_of(leaves):
    return lambda level, index: tree.complete_root(leaves[index << level : (index + 1) << level])


def test_it_knows_the_empty_tree_and_the_empty_leaf():
    assert tree.root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert tree.root_at(0, node_of([])) == tree.EMPTY_ROOT


def test_it_gives_the_reference_roots():
    hashes = [tree.leaf_hash(body) for body in BODIES]
    assert [tree.root_of(hashes[: n + 1]).hex() for n in range(8)] == list(ROOTS)
    assert [tree.root_at(n + 1, node_of(hashes)).hex() for n in range(8)] == list(ROOTS)


@given(st.integers(min_value=0, max_value=300))
def test_the_frontier_gives_the_plain_root(count):
    leaves = leaves_of(count)
    assert tree.root_of(leaves) == plain_root(leaves)


def test_a_set_has_one_root_in_whatever_order_it_comes():
    assert tree.root_of_set([b"b", b"a", b"b"]) == tree.root_of_set([b"a", b"b"])
    assert tree.root_of_set([b"a", b"b"]) == plain_root([tree.leaf_hash(b"a"), tree.leaf_hash(b"b")])


@given(sizes, st.data())
def test_inclusion_proofs_are_the_plain_paths_and_prove(size, data):
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    proof = tree.inclusion_proof(index, size, node_of(leaves))
    assert proof == plain_path(index, leaves)
    tree.verify_inclusion(leaves[index], index, size, proof, plain_root(leaves))


@given(sizes, st.data())
def test_a_changed_inclusion_proof_proves_nothing(size, data):
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(index, size, node_of(leaves))
    root = plain_root(leaves)
    wrong = [
        (tree.leaf_hash(b"other"), index, size, proof, root),
        (leaves[index], index, size, [*proof, root], root),
        (leaves[index], index, size, proof, tree.leaf_hash(b"other root")),
        (leaves[index], size, size, proof, root),
        (leaves[index], -1, size, proof, root),
    ]
    if proof:
        wrong.append((leaves[index], index, size, proof[:-1], root))
        place = data.draw(st.integers(0, len(proof) - 1))
        wrong.append((leaves[index], index, size, [*proof[:place], b"\0" * 32, *proof[place + 1 :]], root))
    for arguments in wrong:
        with pytest.raises(tree.ProofError):
            tree.verify_inclusion(*arguments)


@given(st.data())
def test_an_inclusion_proof_holds_for_no_other_place(data):
    size = data.draw(st.integers(2, 70))
    index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    leaves = leaves_of(size)
    proof = tree.inclusion_proof(index, size, node_of(leaves))
    with pytest.raises(tree.ProofError):
        tree.verify_inclusion(leaves[index], other, size, proof, plain_root(leaves))


@given(sizes, st.data())
def test_consistency_proofs_are_the_plain_ones_and_prove(new, data):
    old = data.draw(st.integers(0, new))
    leaves = leaves_of(new)
    proof = tree.consistency_proof(old, new, node_of(leaves))
    assert proof == ([] if old == 0 else plain_consistency(old, leaves))
    tree.verify_consistency(old, new, plain_root(leaves[:old]), plain_root(leaves), proof)


@given(st.integers(2, 70), st.data())
def test_a_changed_consistency_proof_proves_nothing(new, data):
    old = data.draw(st.integers(1, new - 1))
    leaves = leaves_of(new)
    proof = tree.consistency_proof(old, new, node_of(leaves))
    first, last = plain_root(leaves[:old]), plain_root(leaves)
    place = data.draw(st.integers(0, len(proof) - 1))
    changed = [*proof[:place], b"\0" * 32, *proof[place + 1 :]]
    for arguments in [
        (old, new, first, last, changed),
        (old, new, first, last, proof[:-1]),
        (old, new, first, last, [*proof, first]),
        (old, new, b"\0" * 32, last, proof),
        (old, new, first, b"\0" * 32, proof),
    ]:
        with pytest.raises(tree.ProofError):
            tree.verify_consistency(*arguments)


def test_consistency_with_itself_or_nothing_needs_no_proof():
    root = plain_root(leaves_of(5))
    tree.verify_consistency(5, 5, root, root, [])
    tree.verify_consistency(0, 5, tree.EMPTY_ROOT, root, [])
    for arguments in [
        (5, 5, root, root, [root]),
        (5, 5, root, tree.EMPTY_ROOT, []),
        (0, 5, root, root, []),
        (6, 5, root, root, []),
        (3, 5, root, root, []),
    ]:
        with pytest.raises(tree.ProofError):
            tree.verify_consistency(*arguments)


@pytest.mark.parametrize("size,index", [(0, 0), (3, 3), (3, -1)])
def test_there_is_no_proof_of_what_is_not_there(size, index):
    with pytest.raises(tree.ProofError):
        tree.inclusion_proof(index, size, node_of([]))


@pytest.mark.parametrize("old,new", [(-1, 3), (4, 3)])
def test_there_is_no_consistency_with_a_larger_tree(old, new):
    with pytest.raises(tree.ProofError):
        tree.consistency_proof(old, new, node_of([]))


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 700])
def test_proofs_come_from_tiles_as_from_leaves(size):
    leaves = leaves_of(size)
    rows = {0: leaves, 1: [plain_root(leaves[n : n + 256]) for n in range(0, size - 255, 256)]}

    def tile(level, index):
        return rows[level][index * 256 : (index + 1) * 256]

    def node(level, index):
        return tree.node_in_tiles(level, index, tile)

    assert tree.root_at(size, node) == plain_root(leaves)
    for index in {0, size // 2, size - 1}:
        assert tree.inclusion_proof(index, size, node) == plain_path(index, leaves)
    assert tree.consistency_proof(size // 2, size, node) == (
        plain_consistency(size // 2, leaves) if size > 1 else []
    )


def test_a_tile_that_is_too_short_is_said():
    with pytest.raises(tree.ProofError, match="too short"):
        tree.node_in_tiles(1, 0, lambda level, index: [b"\0" * 32])
