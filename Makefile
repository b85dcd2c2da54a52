.PHONY: demo test bench lint types
demo test bench lint types:
	@./dev $@
