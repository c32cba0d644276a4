"""Reading extracts: recognise, plan, parse, check, seal, load."""
