# Two commands matter: `make demo` and `make test`. Each does all its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
STATIC := src/livedash/web/static/manifest.json
ASSETS := $(wildcard assets/src/* assets/*.mjs assets/package*.json)

.PHONY: demo test test-long check bench assets clean browser nginx

demo: $(STAMP) $(STATIC)
	$(BIN)/livedash demo

test: check browser nginx
	$(BIN)/python -m pytest -m "not long"

test-long: check browser nginx
	$(BIN)/python -m pytest -m long
	./tests/unpinned.sh $(PYTHON)

check: $(STAMP) $(STATIC)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) $(STATIC) browser nginx
	$(BIN)/python -m bench

assets: $(STATIC)

$(STATIC): $(ASSETS)
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer with npm"; exit 1; }
	cd assets && npm ci --no-progress && npm run --silent build

$(STAMP): pyproject.toml constraints.txt $(STATIC)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …"; exit 1; }
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

# The browser tests drive the system's Chromium.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	       && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
	  || { echo "Chromium is missing: install it (Debian: apt-get install chromium)"; exit 1; }

# A proxy before the server in tests, and beside it in the bench (with its module nchan).
nginx:
	@{ command -v nginx >/dev/null && test -e /usr/lib/nginx/modules/ngx_nchan_module.so; } \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	       && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	          nginx libnginx-mod-nchan >/dev/null; } \
	  || { echo "nginx is missing: install it (Debian: apt-get install nginx libnginx-mod-nchan)"; exit 1; }

clean:
	rm -rf $(VENV) assets/node_modules src/livedash/web/static
