# make demo: set up and run the whole DAG on the Human Phenotype Ontology.
# make test: set up and run all tests. Both need Python 3.11 and pip's network, nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
CORES ?= all
WORKERS ?= 2
BIN := $(CURDIR)/.venv/bin
STAMP := .venv/.installed
# rules call `python -m bali`: the python of this environment
export PATH := $(BIN):$(PATH)

.PHONY: demo test setup lint clean

demo: setup
	snakemake --cores $(CORES) --rerun-incomplete

test: setup
	OMP_NUM_THREADS=1 pytest --numprocesses $(WORKERS) --dist loadgroup

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "make: error: $(PYTHON) is not Python 3.11; name one: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	"$(PYTHON)" -m venv .venv
	"$(BIN)/python" -m pip install --quiet --constraint constraints.txt \
	  --editable '.[pipeline,train,explore,dev]'
	touch $@

lint: setup
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow/rules
	snakemake --lint

clean:
	rm -rf results .snakemake resources/umls resources/pubmed resources/lm
