"""The demo: a fictitious brokerage's clients handed over by the real services, told step by step."""
