"""The handover certificate: what it states, how it is signed, and the proofs that belong to it."""
