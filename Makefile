.PHONY: demo test test-all lint setup clean

demo: ## From a clone to a picture of a layout, with nothing but Python
	@scripts/demo.sh

test: ## Set everything up and run the tests
	@scripts/test.sh

test-all: ## The same with the slow tests
	@scripts/test.sh --all

lint: ## Style, types
	@scripts/lint.sh

setup: ## Only install what the tests need into .venv
	@scripts/test.sh --setup-only

clean: ## Remove .venv and everything that was built
	rm -rf .venv build dist *.egg-info out
