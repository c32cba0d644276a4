# Every target does its own set-up. Nothing reads standard input.

PYTHON ?= python3
RUN = .venv/bin/python
ARGS ?=
# Only what was given is passed on; an empty value is no value.
$(foreach name,SERVE CLIENTS BASIS SCALE SEED TLS HANDOVER_STATE HANDOVER_PORT HANDOVER_HOST,$(if $($(name)),$(eval export $(name))))

.PHONY: help demo test run check prove bench venv venv-dev venv-bench

help:
	@echo "make demo    hand 2,000 sample clients over, end to end (SERVE=0: then stop; BASIS=asset_sale|share_transfer)"
	@echo "make test    run the tests (ARGS='clients -x' for some of them)"
	@echo "make run     start the empty product (TLS=1: over https, with a certificate of this machine's own)"
	@echo "make check   formatting, types, import floors, migrations, translations"
	@echo "make prove   the long proofs at size (SCALE=20000 clients; ARGS=million for one of them)"
	@echo "make bench   measure beside peers and limits (SCALE=100000 clients, ARGS='--json FILE')"

venv:
	@$(PYTHON) stand/bootstrap.py </dev/null

venv-dev:
	@$(PYTHON) stand/bootstrap.py dev </dev/null

venv-bench:
	@$(PYTHON) stand/bootstrap.py bench </dev/null

demo: venv
	@$(RUN) -m stand demo </dev/null

run: venv
	@$(RUN) -m stand run </dev/null

test: venv
	@$(RUN) -m pytest -q $(ARGS) </dev/null

check: venv-dev
	@$(RUN) -m stand.checking </dev/null

prove: venv
	@HANDOVER_STATE=$${HANDOVER_STATE:-var/prove} $(RUN) -m stand with -- $(RUN) manage.py prove $(ARGS) </dev/null

bench: venv-bench
	@$(RUN) -m stand bench -- $(ARGS) </dev/null
