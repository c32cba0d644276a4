"""Gates: preconditions of stages, computed from facts. Nobody ticks them; one module per gate."""
