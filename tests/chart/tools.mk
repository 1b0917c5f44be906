# What the tests of the charts read, once for all working copies: a folder named after what is in it.
CHART_PINS := tests/chart/requirements.txt
CHART_PYTHON := $(abspath $(OUTRIDER_CACHE))/chart-$(firstword $(shell cksum $(CHART_PINS)))

.PHONY: chart test-chart
chart: .venv/.stamp-dev chart-tools ## write what the charts have that is made: schemas, the packaged template, the README
	$(BIN)/python scripts/chart.py --helm $(CACHE_BIN)/helm4 --helm-docs $(CACHE_BIN)/helm-docs

test-chart: .venv/.stamp-dev chart-tools $(CHART_PYTHON) ## render the charts with helm 3 and 4 for every Kubernetes, and judge them
	OUTRIDER_CHART=$(CACHE_BIN) OUTRIDER_CHART_PYTHON=$(CHART_PYTHON) $(LIMIT) $(BIN)/python -m pytest --numprocesses 2 tests/chart $(ARGS)

# Moved into place when whole: two working copies may install at once.
$(CHART_PYTHON):
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --target $@.$$$$ --requirement $(CHART_PINS) \
		&& (mv --no-target-directory $@.$$$$ $@ || rm -rf $@.$$$$)
